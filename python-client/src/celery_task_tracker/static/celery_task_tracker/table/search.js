// Finding tasks by a text.

import { now } from "../shared/clock.js";
import { byId, setProp, setText } from "../shared/dom.js";
import { fill, number } from "../shared/format.js";
import { beginOf } from "./period.js";

/** Milliseconds without a key after which what was typed is searched for. */
const TYPING = 400;

const MARKS = "tt-match";

export class Search {
  #timer;
  #until = null;

  /** `look(changes)` changes the view, `refine(changes)` does so while the reader types. */
  constructor(config, { look, refine }) {
    this.strings = config.strings;
    this.field = byId("search");
    this.examined = byId("examined");
    this.examinedText = byId("examined-text");
    this.look = look;
    this.refine = refine;
    this.field.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#search(), TYPING);
    });
    this.field.form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(this.#timer);
      this.#search();
    });
    byId("search-older").addEventListener("click", () => {
      this.field.focus();
      // If a period was chosen, its beginning stays fixed from now on.
      this.look({ last: "", since: beginOf(this.view, now()), until: this.#until });
    });
  }

  /** Shows what is searched for. */
  show(view) {
    this.view = view;
    const { match } = view;
    if (document.activeElement !== this.field) setProp(this.field, "value", match);
    if (!match) setProp(this.examined, "hidden", true);
  }

  /** Says how many tasks were examined, if not all. */
  tell({ total, examined, complete, until, states = {} }, view) {
    const isPart = examined !== undefined && !complete;
    this.#until = until ?? null;
    setProp(this.examined, "hidden", !isPart);
    if (!isPart) return;
    const wanted = view.states.length ? view.states : Object.keys(states);
    const all = wanted.reduce((sum, state) => sum + (states[state] ?? 0), 0);
    // With a task or a period chosen, the total is not known.
    const isKnown = !view.tasks.length && !view.last && !view.since && !view.until;
    const values = { found: number(total), examined: number(examined), total: number(all) };
    setText(
      this.examinedText,
      fill(isKnown ? this.strings.foundInNewestOf : this.strings.foundInNewest, values),
    );
  }

  /** Marks `text` wherever `element` shows it, in browsers that can without touching the page. */
  mark(element, text) {
    if (!globalThis.CSS?.highlights) return;
    const wanted = text.toLowerCase();
    CSS.highlights.set(MARKS, new Highlight(...(wanted ? places(element, wanted) : [])));
  }

  #search() {
    const match = this.field.value.trim();
    const before = this.view.match;
    if (match === before) return;
    if (before && match) this.refine({ match });
    else this.look({ match });
  }
}

function places(element, wanted) {
  const found = [];
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const text = node.data.toLowerCase();
    // A few letters have a lower case of another length, which shifts the positions behind them.
    if (text.length !== node.data.length) continue;
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      const range = new Range();
      range.setStart(node, at);
      range.setEnd(node, at + wanted.length);
      found.push(range);
    }
  }
  return found;
}
