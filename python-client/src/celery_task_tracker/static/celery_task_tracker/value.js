// A value of a record, as preformatted text that can be copied.

import { button, el, setAttr, setProp, setText } from "./dom.js";
import { fill, pretty, size } from "./format.js";

/** Whether there is something to show: not nothing, and not an empty list of arguments. */
export function isThere(value) {
  if (value === undefined || value === null || value === "" || value === "null") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

export class Value {
  /** `copy(text, button)` copies. */
  constructor(title, strings, copy) {
    this.strings = strings;
    this.text = el("pre", { className: "tt-pre", tabIndex: 0, role: "group", "aria-label": title });
    this.copy = button({
      sign: "copy",
      text: strings.copy,
      className: "tt-button tt-small",
      "aria-label": `${strings.copy}: ${title}`,
      onclick: () => copy(this.text.textContent, this.copy),
    });
    this.cut = el("p", { className: "tt-quiet tt-cut", hidden: true });
    this.element = el(
      "section",
      {},
      el("div", { className: "tt-section-head" }, el("h3", { textContent: title }), this.copy),
      this.text,
      this.cut,
    );
  }

  /** Shows `value`, of which `full` bytes were cut down to what it is, if it was. */
  update(value, full) {
    setText(this.text, pretty(value));
    setProp(this.cut, "hidden", !full);
    if (full) {
      const kept = new Blob([typeof value === "string" ? value : JSON.stringify(value)]).size;
      setText(
        this.cut,
        fill(this.strings.cut, { kept: size(kept), size: size(Number(full)) }),
      );
    }
    setAttr(this.text, "dir", "auto");
  }
}
