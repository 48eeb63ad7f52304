// Which rows of how many are shown, and the buttons that turn pages.

import { byId, el, setProp, setText } from "../shared/dom.js";
import { fill, number } from "../shared/format.js";

export class Pages {
  /** `choose({page})` or `choose({size})` is called when the reader chooses one. */
  constructor(config, choose) {
    this.config = config;
    this.choose = choose;
    this.element = byId("pages");
    this.previous = byId("previous-page");
    this.next = byId("next-page");
    this.sizes = byId("page-size");
    this.table = byId("table-wrap");
    this.previous.addEventListener("click", () => this.#turn(this.page - 1));
    this.next.addEventListener("click", () => this.#turn(this.page + 1));
    this.sizes.addEventListener("change", () => choose({ size: Number(this.sizes.value) }));
  }

  show({ total, page, size, pages, tasks }) {
    this.page = page;
    setProp(this.element, "hidden", total === 0);
    const first = (page - 1) * size + 1;
    const range = { first, last: first + tasks.length - 1, total };
    for (const name of Object.keys(range)) range[name] = number(range[name]);
    setText(byId("range"), fill(this.config.strings.rangeOf, range));
    setProp(byId("steps"), "hidden", pages <= 1);
    this.#enable(this.previous, page > 1, this.next);
    this.#enable(this.next, page < pages, this.previous);
    this.#offer(size);
  }

  #enable(button, isEnabled, other) {
    const hadFocus = document.activeElement === button;
    setProp(button, "disabled", !isEnabled);
    if (hadFocus && !isEnabled) {
      other.disabled = false;
      other.focus();
    }
  }

  #turn(page) {
    this.choose({ page });
    // The first row of the new page has to be in view.
    if (this.table.getBoundingClientRect().top < 0) this.table.scrollIntoView();
  }

  #offer(size) {
    const known = [...this.sizes.options].map((option) => Number(option.value));
    if (!known.includes(size)) {
      const place = [...this.sizes.options].find((option) => Number(option.value) > size);
      this.sizes.add(el("option", { value: size, textContent: number(size) }), place ?? null);
    }
    setProp(this.sizes, "value", String(size));
  }
}
