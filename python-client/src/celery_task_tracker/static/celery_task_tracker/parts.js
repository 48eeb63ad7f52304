// Parts that the table and the dialog have in common.

import { now } from "./clock.js";
import { el, icon, setIcon, setProp, setText } from "./dom.js";
import { exact, relative } from "./format.js";
import { ran, waited } from "./life.js";

/** A badge that says a state by icon and word, never by colour alone. */
export class Badge {
  constructor(labels) {
    this.labels = labels;
    this.icon = icon("PENDING");
    this.word = el("span");
    this.element = el("span", { className: "tt-badge" }, this.icon, this.word);
  }

  update(state) {
    if (this.element.dataset.state === state) return;
    this.element.dataset.state = state;
    setIcon(this.icon, state);
    setText(this.word, this.labels[state] ?? state);
  }
}

/** A time as it is from now, with the exact local one on hover. */
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
    setText(this.element, this.time ? relative(this.time, now()) : "");
  }
}

/**
 * A bar of two parts, how long a task waited and how long it ran. Its length is the part of
 * `--tt-scale` milliseconds that this was, a property that the bars of a table inherit.
 */
export class Bar {
  constructor() {
    this.wait = el("span", { className: "tt-bar-wait" });
    this.run = el("span", { className: "tt-bar-run" });
    this.element = el("span", { className: "tt-bar", "aria-hidden": "true" }, this.wait, this.run);
  }

  /** Shows `task`, and returns the milliseconds that the bar stands for. */
  update(task) {
    const wait = waited(task);
    const run = ran(task);
    setProp(this.run, "hidden", run === null);
    setStyle(this.element, "--tt-wait", wait);
    setStyle(this.element, "--tt-run", run ?? 0);
    if (this.element.dataset.state !== task.state) this.element.dataset.state = task.state;
    return wait + (run ?? 0);
  }
}

/** Sets a style by the object model, which a strict Content-Security-Policy allows. */
export function setStyle(element, name, value) {
  if (element.style.getPropertyValue(name) !== String(value)) element.style.setProperty(name, value);
}

/** A button with an icon and, where there is one, a word. */
export function button({ sign, text, className = "tt-button", ...props }) {
  return el(
    "button",
    { type: "button", className, ...props },
    icon(sign),
    text ? el("span", { textContent: text }) : null,
  );
}
