// The note on a value that was longer than the module stores.

import { el, setProp, setText } from "../shared/dom.js";
import { fill, size } from "../shared/format.js";

/** A line that says that a value was truncated, and how long it was. */
export class Cut {
  constructor(strings) {
    this.strings = strings;
    this.element = el("p", { className: "tt-quiet tt-cut", hidden: true });
  }

  /** Shows the note if `value` was truncated: `full` is then its original length in bytes. */
  update(value, full) {
    setProp(this.element, "hidden", !full);
    if (!full) return;
    const kept = new Blob([typeof value === "string" ? value : JSON.stringify(value)]).size;
    setText(this.element, fill(this.strings.cut, { kept: size(kept), size: size(Number(full)) }));
  }
}
