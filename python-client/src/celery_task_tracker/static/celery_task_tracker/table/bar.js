// How long a task waited and ran, drawn to scale.

import { el, setProp, setStyle } from "../shared/dom.js";
import { ran, waited } from "../shared/life.js";

/**
 * A bar of two parts: how long a task waited and how long it ran. The style property `--tt-scale`,
 * which the bars of a table inherit, is how many milliseconds the full width stands for.
 */
export class Bar {
  constructor() {
    this.wait = el("span", { className: "tt-bar-wait" });
    this.run = el("span", { className: "tt-bar-run" });
    this.element = el("span", { className: "tt-bar", "aria-hidden": "true" }, this.wait, this.run);
  }

  /** Shows `task`, and returns the length of the bar in milliseconds. */
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
