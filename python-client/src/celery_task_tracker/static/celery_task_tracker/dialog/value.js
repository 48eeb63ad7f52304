// A value of a record, as preformatted text that can be copied.

import { Cut } from "./cut.js";
import { button, el, setAttr, setText } from "../shared/dom.js";
import { pretty } from "../shared/format.js";

/** Whether `value` is worth showing: neither missing nor an empty list of arguments. */
export function isThere(value) {
  if (value === undefined || value === null || value === "" || value === "null") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

export class Value {
  /** `copy(text, button)` copies. */
  constructor(title, strings, copy) {
    this.text = el("pre", { className: "tt-pre", tabIndex: 0, role: "group", "aria-label": title });
    this.copy = button({
      sign: "copy",
      text: strings.copy,
      className: "tt-button tt-small",
      "aria-label": `${strings.copy}: ${title}`,
      onclick: () => copy(this.text.textContent, this.copy),
    });
    this.cut = new Cut(strings);
    this.element = el(
      "section",
      {},
      el("div", { className: "tt-section-head" }, el("h3", { textContent: title }), this.copy),
      this.text,
      this.cut.element,
    );
  }

  /** Shows `value`. If it was truncated, `full` is its original length in bytes. */
  update(value, full) {
    setText(this.text, pretty(value));
    this.cut.update(value, full);
    setAttr(this.text, "dir", "auto");
  }
}
