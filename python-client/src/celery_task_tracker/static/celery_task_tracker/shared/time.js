// A time on the page.

import { now } from "./clock.js";
import { el, setText } from "./dom.js";
import { exact, relative } from "./format.js";

/** A relative time, with the exact local time on hover. */
export class Time {
  constructor() {
    this.element = el("time", { className: "tt-time" });
  }

  update(time) {
    if (this.time === time) return;
    this.time = time;
    this.element.dateTime = time ?? "";
    this.element.title = time ? exact(time) : "";
    this.tick();
  }

  tick() {
    // It is in the past, even if the clocks differ.
    const time = Math.min(Date.parse(this.time), now());
    setText(this.element, this.time ? relative(time, now()) : "");
  }
}
