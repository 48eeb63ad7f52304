// The row of a record that cannot be drawn, because another program has written into it.

import { Box } from "./box.js";
import { el } from "../shared/dom.js";

/** Takes the place of a `Row` until the record can be drawn. */
export class BadRow {
  /** The length of its bar in milliseconds. */
  length = 0;

  constructor(task, config, actions) {
    this.task = task;
    this.element = el("tr", { role: "row", "data-state": "FAILURE" });
    this.box = new Box(task, config, this.element, actions.select);
    this.box.update(task);
    this.element.append(
      el(
        "td",
        { className: "tt-cell-task", role: "cell", colSpan: config.hasObjects ? 7 : 6 },
        this.box.element,
        el("span", { className: "tt-mono", textContent: String(task.id) }),
        el("span", { className: "tt-why", textContent: config.strings.badRecord }),
      ),
    );
  }

  tick() {}

  select(isSelected) {
    this.box.check(isSelected);
  }

  mark() {}
}
