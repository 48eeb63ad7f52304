// The row of a record that cannot be drawn, because another program has written into it.

import { el } from "../shared/dom.js";

/** Takes the place of a `Row` until the record can be drawn. */
export class BadRow {
  /** The length of its bar in milliseconds. */
  length = 0;

  constructor(task, strings) {
    this.task = task;
    this.element = el(
      "tr",
      { role: "row", "data-state": "FAILURE" },
      el(
        "td",
        { className: "tt-cell-task", role: "cell", colSpan: 6 },
        el("span", { className: "tt-mono", textContent: String(task.id) }),
        el("span", { className: "tt-why", textContent: strings.badRecord }),
      ),
    );
  }

  tick() {}

  mark() {}
}
