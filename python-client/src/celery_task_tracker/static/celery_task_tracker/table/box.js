// The box that selects a row, for readers who may act on its task.

import { el, setAttr, setProp } from "../shared/dom.js";
import { fill, shortId } from "../shared/format.js";

export class Box {
  /** `row` is the row's element; `select(id, isSelected, isRange)` is called for each click. */
  constructor(task, config, row, select) {
    this.task = task;
    this.config = config;
    this.row = row;
    this.element = config.canChange
      ? el("input", {
          type: "checkbox",
          className: "tt-box",
          onclick: ({ target, shiftKey }) => select(task.id, target.checked, shiftKey),
        })
      : null;
  }

  /** Names the box after `task`. */
  update(task) {
    if (!this.element) return;
    const values = { name: this.config.names[task.name] ?? task.name, id: shortId(String(task.id)) };
    setAttr(this.element, "aria-label", fill(this.config.strings.selectOf, values));
  }

  check(isSelected) {
    if (!this.element) return;
    setProp(this.element, "checked", isSelected);
    this.row.classList.toggle("tt-selected", isSelected);
  }
}
