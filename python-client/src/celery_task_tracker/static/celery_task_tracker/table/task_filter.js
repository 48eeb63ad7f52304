// The menu that filters the history by task names.

import { byId, el, setAttr, setProp, setText } from "../shared/dom.js";
import { fill, number } from "../shared/format.js";

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

  /** Offers the registered tasks and `names`, with the `chosen` ones ticked. */
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
