// How long a task waited and ran, drawn to scale.

import { el, setProp, setStyle } from "../shared/dom.js";
import { ran, waited } from "../shared/life.js";

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
