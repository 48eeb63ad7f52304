// A task's life as a line of moments, with what the time between them was spent on.

import { arrange, el, setProp, setText } from "./dom.js";
import { clock, exact } from "./format.js";
import { moments } from "./life.js";

/** What moments are called, where that is not the name itself. */
const NAMES = { due: "notBefore" };

export class LifeLine {
  #moments = new Map();

  constructor(strings) {
    this.strings = strings;
    this.list = el("ol", { className: "tt-life" });
    this.element = el("section", {}, el("h3", { textContent: strings.life }), this.list);
  }

  update(task) {
    if (this.list.dataset.state !== task.state) this.list.dataset.state = task.state;
    arrange(
      this.list,
      moments(task, this.strings).map(({ name, time, gap }) => {
        const moment = this.#moment(name);
        setText(moment.gap, gap || "");
        setProp(moment.gap, "hidden", !gap);
        const isNow = name === "now";
        setText(moment.time, isNow ? "" : clock(time));
        const dateTime = isNow ? "" : new Date(time).toISOString();
        setProp(moment.time, "dateTime", dateTime);
        setProp(moment.time, "title", isNow ? "" : exact(time));
        return moment.element;
      }),
    );
  }

  #moment(name) {
    if (!this.#moments.has(name)) {
      const gap = el("span", { className: "tt-gap" });
      const time = el("time", { className: "tt-sub" });
      const point = el(
        "span",
        { className: "tt-moment" },
        el("span", { className: "tt-moment-name", textContent: this.strings[NAMES[name] ?? name] }),
        time,
      );
      const element = el("li", { "data-moment": name }, gap, point);
      this.#moments.set(name, { element, gap, time });
    }
    return this.#moments.get(name);
  }
}
