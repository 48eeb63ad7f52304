// Draws a task's timeline: its moments, and what the time between them was spent on.

import { now } from "../shared/clock.js";
import { arrange, el, setProp, setText } from "../shared/dom.js";
import { clock, day, exact, fill } from "../shared/format.js";
import { moments } from "../shared/life.js";

/** Moments whose label has another name in the texts. */
const NAMES = { due: "notBefore" };

export class LifeLine {
  #moments = new Map();

  /** `exceeded(task)` is how long a running task usually takes at most, if it has been running for longer. */
  constructor(strings, exceeded) {
    this.strings = strings;
    this.exceeded = exceeded;
    this.list = el("ol", { className: "tt-life" });
    this.long = el("p", { className: "tt-long", hidden: true });
    this.element = el("section", {}, el("h3", { textContent: strings.life }), this.list, this.long);
  }

  update(task) {
    const usual = this.exceeded(task);
    setText(this.long, usual && fill(this.strings.longer, { time: usual }));
    setProp(this.long, "hidden", !usual);
    if (this.list.dataset.state !== task.state) this.list.dataset.state = task.state;
    arrange(
      this.list,
      moments(task, this.strings).map(({ name, time, gap, who }, index, all) => {
        const moment = this.#moment(name);
        setText(moment.gap, gap || "");
        setProp(moment.gap, "hidden", !gap);
        setText(moment.who, who && fill(this.strings.by, { name: who }));
        setProp(moment.who, "hidden", !who);
        setProp(moment.time, "hidden", name === "now");
        if (name !== "now") {
          setText(moment.day, day(time, all[index - 1]?.time ?? now()));
          setText(moment.hour, clock(time));
          setProp(moment.time, "dateTime", new Date(time).toISOString());
          setProp(moment.time, "title", exact(time));
        }
        return moment.element;
      }),
    );
  }

  #moment(name) {
    if (!this.#moments.has(name)) {
      const gap = el("span", { className: "tt-gap" });
      const day = el("span", { className: "tt-day" });
      const hour = el("span");
      const time = el("time", { className: "tt-sub" }, day, hour);
      const who = el("span", { className: "tt-sub tt-clip", dir: "auto" });
      const point = el(
        "span",
        { className: "tt-moment" },
        el("span", { className: "tt-moment-name", textContent: this.strings[NAMES[name] ?? name] }),
        time,
        who,
      );
      const element = el("li", { "data-moment": name }, gap, point);
      this.#moments.set(name, { element, gap, time, day, hour, who });
    }
    return this.#moments.get(name);
  }
}
