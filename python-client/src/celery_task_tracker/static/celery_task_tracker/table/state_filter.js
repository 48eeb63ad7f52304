// Chips that show the count of each state and filter the history by it.

import { arrange, byId, el, icon, setAttr, setText } from "../shared/dom.js";
import { number } from "../shared/format.js";

export class StateFilter {
  #chips = new Map();
  #counts = {};

  /** `choose(states)` is called with the states to filter by. */
  constructor(config, choose) {
    this.config = config;
    this.choose = choose;
    this.element = byId("chips");
  }

  /**
   * Shows a chip for all tasks, and one with its count for each state that has tasks, is chosen or
   * has the focus.
   */
  show(counts, chosen) {
    const focused = document.activeElement?.dataset.state;
    this.#counts = counts;
    this.chosen = chosen;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const wanted = Object.keys(this.config.states)
      .filter((state) => counts[state] || chosen.includes(state) || state === focused)
      .map((state) => this.#chip(state, counts[state] ?? 0, chosen.includes(state)));
    arrange(this.element, [this.#chip("", total, chosen.length === 0), ...wanted]);
  }

  /** Shows that these are chosen, before their counts have arrived. */
  press(chosen) {
    this.show(this.#counts, chosen);
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
