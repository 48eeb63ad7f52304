// The tasks that the reader has selected, and the bar that says what can be done with them.

import { byId, setProp, setText } from "../shared/dom.js";
import { fill, number } from "../shared/format.js";

export class Selection {
  #ids = new Set();
  /** Whether all that the filters let through is selected. */
  #isAll = false;
  /** The row that was selected last, where a range begins. */
  #last = null;
  #shown = [];
  #total = 0;

  /** `rows` draws the boxes; `act(name, which)` does something with what is selected. */
  constructor(config, rows, act) {
    this.strings = config.strings;
    this.rows = rows;
    this.bar = byId("selection");
    this.page = byId("select-page");
    this.all = byId("select-all");
    if (!this.bar) return;
    this.page.addEventListener("click", () => this.#selectPage(this.page.checked));
    this.all.addEventListener("click", () => {
      this.#isAll = true;
      this.#draw();
    });
    byId("select-none").addEventListener("click", () => {
      this.clear();
      this.page.focus();
    });
    for (const button of this.bar.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => act(button.dataset.act, this.#isAll ? null : [...this.#ids]));
    }
  }

  /** The page shows these tasks, of `total` that the filters let through. */
  show(ids, total) {
    this.#shown = ids;
    this.#total = total;
    this.#draw();
  }

  /** Another view is shown: nothing of it is selected. */
  clear() {
    this.#ids.clear();
    this.#isAll = false;
    this.#last = null;
    this.#draw();
  }

  /** Selects or unselects a task, with `isRange` all between it and the one before. */
  toggle(id, isSelected, isRange) {
    const from = this.#shown.indexOf(this.#last);
    const to = this.#shown.indexOf(id);
    const range = isRange && from >= 0 ? this.#shown.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
    this.#set(range, isSelected);
    this.#last = id;
    this.#draw();
  }

  #selectPage(isSelected) {
    this.#set(this.#shown, isSelected);
    this.#draw();
  }

  #set(ids, isSelected) {
    this.#isAll = false;
    for (const id of ids) {
      if (isSelected) this.#ids.add(id);
      else this.#ids.delete(id);
    }
  }

  #draw() {
    if (!this.bar) return;
    const chosen = this.#shown.filter((id) => this.#isAll || this.#ids.has(id));
    const count = this.#isAll ? this.#total : this.#ids.size;
    this.rows.select(new Set(chosen));
    setProp(this.page, "checked", chosen.length > 0 && chosen.length === this.#shown.length);
    setProp(this.page, "indeterminate", chosen.length > 0 && chosen.length < this.#shown.length);
    setProp(this.page, "disabled", this.#shown.length === 0);
    setProp(this.bar, "hidden", count === 0);
    setText(byId("selection-count"), fill(this.strings.selected, { n: number(count) }));
    setProp(this.all, "hidden", this.#isAll || this.#total <= count || !this.page.checked);
    setText(this.all, fill(this.strings.selectAll, { n: number(this.#total) }));
  }
}
