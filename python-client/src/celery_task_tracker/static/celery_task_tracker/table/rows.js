// The history table. A task keeps its row as long as it is on the page, and a refresh touches only rows
// of tasks that changed: focus, selection and scroll position are kept.

import { arrange, setStyle } from "../shared/dom.js";
import { BadRow } from "./bad_row.js";
import { Row } from "./row.js";

/** How many new rows appear in one frame. To lay out hundreds at once holds up what the reader does. */
const AT_ONCE = 50;

export class Rows {
  #rows = new Map();
  /** The row that had the focus last, and its index. */
  #focused = null;
  #place = 0;

  /** `actions` is what the controls of a row do, see `Row`. */
  constructor(body, config, actions) {
    this.body = body;
    this.config = config;
    this.actions = actions;
    body.addEventListener("focusin", ({ target }) => {
      this.#focused = target.closest("tr");
    });
  }

  /** Shows `tasks`. Returns those that have finished since they were last shown. */
  show(tasks) {
    const hadRows = this.#rows.size > 0;
    const rows = new Map();
    const ended = [];
    const added = [];
    for (const task of tasks) {
      const known = this.#rows.get(task.id);
      const was = known?.task.state;
      const row = this.#draw(task, known);
      if (!known && hadRows) row.mark();
      if (!known) added.push(row.element);
      if (known && was !== task.state && !this.config.activeStates.includes(task.state)) {
        ended.push(task);
      }
      rows.set(task.id, row);
    }
    this.#rows = rows;
    if (this.#focused?.isConnected) this.#place = this.#focused.sectionRowIndex;
    reveal(added);
    arrange(this.body, [...rows.values()].map((row) => row.element));
    this.#scale();
    return ended;
  }

  /** Draws `task` into `known`, or into a new row. A bad record does not affect the other rows. */
  #draw(task, known) {
    try {
      const row = known instanceof Row ? known : new Row(task, this.config, this.actions);
      row.update(task);
      return row;
    } catch (error) {
      console.warn(error);
      return new BadRow(task, this.config, this.actions);
    }
  }

  get(id) {
    return this.#rows.get(id)?.task;
  }

  /**
   * The link to focus for the task `id`, or for the row that had the focus last, or for the row that is
   * now in its place. `null` if no row is visible.
   */
  link(id) {
    const last = this.#focused?.isConnected ? this.#focused : this.body.rows[this.#place];
    const element = this.#rows.get(id)?.element ?? last ?? this.body.lastElementChild;
    return element?.checkVisibility() ? element.querySelector("a") : null;
  }

  /** Shows which rows are selected. */
  select(ids) {
    for (const [id, row] of this.#rows) row.select(ids.has(id));
  }

  /** Updates what depends on the current time. */
  tick() {
    for (const row of this.#rows.values()) row.tick();
    this.#scale();
  }

  /** All bars have one scale: the longest has the full width. */
  #scale() {
    setStyle(this.body, "--tt-scale", Math.max(1, ...[...this.#rows.values()].map((row) => row.length)));
  }
}

/** Shows the first of these elements now, and the others in the frames that follow. */
function reveal(elements) {
  elements.forEach((element, place) => (element.hidden = place >= AT_ONCE));
  if (elements.length > AT_ONCE) requestAnimationFrame(() => reveal(elements.slice(AT_ONCE)));
}
