// What narrows the history: chips with the count per state, the names of tasks, and the pages.

import { arrange, byId, el, icon, setAttr, setProp, setText } from "./dom.js";
import { fill, number } from "./format.js";

export class StateFilter {
  #chips = new Map();

  /** `choose(states)` is called with the states to filter by. */
  constructor(config, choose) {
    this.config = config;
    this.choose = choose;
    this.element = byId("chips");
  }

  /**
   * Shows a chip for all tasks, and one per state with its count: of those that there are, those
   * that are chosen, and the one that has the focus.
   */
  show(counts, chosen) {
    const focused = document.activeElement?.dataset.state;
    this.chosen = chosen;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const wanted = Object.keys(this.config.states)
      .filter((state) => counts[state] || chosen.includes(state) || state === focused)
      .map((state) => this.#chip(state, counts[state] ?? 0, chosen.includes(state)));
    arrange(this.element, [this.#chip("", total, chosen.length === 0), ...wanted]);
  }

  #chip(state, count, isChosen) {
    if (!this.#chips.has(state)) {
      const { states, strings } = this.config;
      const counter = el("span", { className: "tt-count" });
      const element = el(
        "button",
        { type: "button", className: "tt-chip", "data-state": state, onclick: () => this.#toggle(state) },
        state ? icon(state) : null,
        el("span", { textContent: state ? states[state] : strings.all }),
        counter,
      );
      this.#chips.set(state, { element, counter });
    }
    const { element, counter } = this.#chips.get(state);
    setText(counter, number(count));
    setAttr(element, "aria-pressed", String(isChosen));
    return element;
  }

  #toggle(state) {
    const { chosen } = this;
    if (!state) this.choose([]);
    else if (chosen.includes(state)) this.choose(chosen.filter((each) => each !== state));
    else this.choose([...chosen, state]);
  }
}

export class TaskFilter {
  #boxes = new Map();

  /** `choose(names)` is called with the task names to filter by. */
  constructor(config, choose) {
    this.config = config;
    this.choose = choose;
    this.button = byId("task-filter");
    this.menu = byId("task-filter-menu");
    this.label = byId("task-filter-label");
    this.list = byId("task-filter-names");
    this.clear = byId("task-filter-clear");
    this.button.addEventListener("click", () => this.#open(this.menu.hidden));
    this.clear.addEventListener("click", () => {
      this.button.focus();
      this.#open(false);
      this.choose([]);
    });
    const place = this.menu.parentElement;
    document.addEventListener("click", ({ target }) => {
      if (!place.contains(target)) this.#open(false);
    });
    place.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape" || this.menu.hidden) return;
      this.button.focus();
      this.#open(false);
    });
    place.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !place.contains(relatedTarget)) this.#open(false);
    });
  }

  #open(isOpen) {
    setProp(this.menu, "hidden", !isOpen);
    setAttr(this.button, "aria-expanded", String(isOpen));
  }

  /** Offers the registered tasks and those of `names`, with the `chosen` ones ticked. */
  show(names, chosen) {
    const { names: spoken, strings } = this.config;
    for (const name of [...Object.keys(spoken), ...names, ...chosen]) {
      if (!this.#boxes.has(name)) this.#boxes.set(name, this.#box(name));
    }
    for (const [name, box] of this.#boxes) setProp(box, "checked", chosen.includes(name));
    setProp(this.clear, "hidden", chosen.length === 0);
    setText(
      this.label,
      chosen.length === 0
        ? strings.allTasks
        : chosen.length === 1
          ? (spoken[chosen[0]] ?? chosen[0])
          : fill(strings.tasksChosen, { n: number(chosen.length) }),
    );
    setProp(this.button.classList, "value", `tt-button${chosen.length ? " tt-chosen" : ""}`);
  }

  #box(name) {
    const box = el("input", {
      type: "checkbox",
      onchange: () => {
        this.choose([...this.#boxes].filter(([, each]) => each.checked).map(([each]) => each));
      },
    });
    const label = this.config.names[name] ?? name;
    this.list.append(el("label", { title: name }, box, el("span", { textContent: label })));
    return box;
  }
}

export class Pages {
  /** `choose({page})` or `choose({size})` is called with what to show. */
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
    // The rows of the new page begin where the reader looks.
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
