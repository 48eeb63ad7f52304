// The history table. Each task has one row for as long as it is on the page, and only the rows of
// tasks that changed are touched: focus, selection and scroll survive every refresh.

import { arrange, setStyle } from "../shared/dom.js";
import { BadRow } from "./bad_row.js";
import { Row } from "./row.js";

export class Rows {
  #rows = new Map();
  /** The row that had the focus last, and its place among the others. */
  #focused = null;
  #place = 0;

  /** `actions`: what the controls of a row do, see `Row`. */
  constructor(body, config, actions) {
    this.body = body;
    this.config = config;
    this.actions = actions;
    body.addEventListener("focusin", ({ target }) => {
      this.#focused = target.closest("tr");
    });
  }

  /** Shows `tasks`. Returns those that have ended since they were shown last. */
  show(tasks) {
    const hadRows = this.#rows.size > 0;
    const rows = new Map();
    const ended = [];
    for (const task of tasks) {
      const known = this.#rows.get(task.id);
      const was = known?.task.state;
      const row = this.#draw(task, known);
      if (!known && hadRows) row.mark();
      if (known && was !== task.state && !this.config.activeStates.includes(task.state)) {
        ended.push(task);
      }
      rows.set(task.id, row);
    }
    this.#rows = rows;
    if (this.#focused?.isConnected) this.#place = this.#focused.sectionRowIndex;
    arrange(this.body, [...rows.values()].map((row) => row.element));
    this.#scale();
    return ended;
  }

  /** The row of `task`, `known` if there is one. A record that cannot be drawn costs only its own. */
  #draw(task, known) {
    try {
      const row = known instanceof Row ? known : new Row(task, this.config, this.actions);
      row.update(task);
      return row;
    } catch (error) {
      console.warn(error);
      return new BadRow(task, this.config.strings);
    }
  }

  get(id) {
    return this.#rows.get(id)?.task;
  }

  /**
   * What may have the focus for the row of the task `id`, or for the row that had it last: its link,
   * or that of the row in its place; `null` while there are no rows to see.
   */
  link(id) {
    const last = this.#focused?.isConnected ? this.#focused : this.body.rows[this.#place];
    const element = this.#rows.get(id)?.element ?? last ?? this.body.lastElementChild;
    return element?.checkVisibility() ? element.querySelector("a") : null;
  }

  /** Brings what depends on the time of day up to date. */
  tick() {
    for (const row of this.#rows.values()) row.tick();
    this.#scale();
  }

  /** All bars have one scale: the longest fills its place. */
  #scale() {
    setStyle(this.body, "--tt-scale", Math.max(1, ...[...this.#rows.values()].map((row) => row.length)));
  }
}
