// A task's state at a glance.

import { el, icon, setIcon, setText } from "./dom.js";

/** A badge that shows a state by icon and word, never by colour alone. */
export class Badge {
  constructor(labels) {
    this.labels = labels;
    this.icon = icon("PENDING");
    this.word = el("span");
    this.element = el("span", { className: "tt-badge" }, this.icon, this.word);
  }

  update(state) {
    if (this.element.dataset.state === state) return;
    this.element.dataset.state = state;
    setIcon(this.icon, state);
    setText(this.word, this.labels[state] ?? state);
  }
}
