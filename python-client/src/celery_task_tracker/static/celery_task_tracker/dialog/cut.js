// What is told of a value that was longer than the module keeps.

import { el, setProp, setText } from "../shared/dom.js";
import { fill, size } from "../shared/format.js";

/** A line that says that a value was cut off, and how long it was. */
export class Cut {
  constructor(strings) {
    this.strings = strings;
    this.element = el("p", { className: "tt-quiet tt-cut", hidden: true });
  }

  /** Tells of `value`, of which `full` bytes were cut down to what it is, if it was. */
  update(value, full) {
    setProp(this.element, "hidden", !full);
    if (!full) return;
    const kept = new Blob([typeof value === "string" ? value : JSON.stringify(value)]).size;
    setText(this.element, fill(this.strings.cut, { kept: size(kept), size: size(Number(full)) }));
  }
}
