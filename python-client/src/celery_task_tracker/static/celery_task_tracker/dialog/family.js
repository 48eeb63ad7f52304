// Where a task belongs: the chain, group or chord that it is a part of, as a tree of links.

import { Badge } from "../shared/badge.js";
import { arrange, el, setAttr, setProp, setText } from "../shared/dom.js";
import { fill, number, shortId } from "../shared/format.js";

export class Family {
  #id = "";
  #told = null;
  /** The elements of the tree by what they show, so that a refresh moves nothing. */
  #parts = new Map();

  /** `load(id)` fetches the family of a task, `lead(link, id)` makes `link` open a task. */
  constructor(config, { load, lead }) {
    Object.assign(this, { config, load, lead });
    const title = config.strings.workflow;
    this.bar = el("progress", { max: 1, "aria-label": title });
    this.count = el("span", { className: "tt-quiet" });
    this.tree = el("ul", { className: "tt-tree" });
    this.note = el("p", { className: "tt-quiet tt-cut" });
    const head = el("span", { className: "tt-line" }, this.bar, this.count);
    const heading = el("div", { className: "tt-section-head" }, el("h3", { textContent: title }), head);
    this.element = el("section", { className: "tt-family" }, heading, this.tree, this.note);
  }

  /** Whether there is something to show. */
  get isThere() {
    return (this.#told?.total ?? 0) > 1;
  }

  /** Whether something of it may still change. */
  get isActive() {
    return Boolean(this.#told?.isActive);
  }

  /** The state of the task that is shown, if the server told it. */
  get state() {
    return this.#told?.rows.find(({ id }) => id === this.#id)?.state;
  }

  /** Whether this object has a task with this id, as far as the server told. */
  has(id) {
    return Boolean(this.#told?.there.includes(id));
  }

  /** Another task is shown: forgets the family of the one before. */
  forget() {
    this.#id = "";
    this.#told = null;
    this.#parts.clear();
    this.tree.replaceChildren();
  }

  /** Fetches the family of the task `id`. If that fails, the task is shown without it. */
  async fetch(id) {
    this.#id = id;
    let told;
    try {
      told = await this.load(id);
    } catch {
      return;
    }
    if (id === this.#id) this.#told = told;
  }

  /** Moves the focus to the group `id`, if the tree has it. */
  reveal(id) {
    this.#parts.get(`group ${id}`)?.line.focus();
  }

  /** Whether the tree has the group `id`. */
  hasGroup(id) {
    return Boolean(this.#told?.rows.some(({ group }) => group === id));
  }

  /** Draws what was fetched last. */
  draw() {
    const { strings } = this.config;
    const { rows, total, done, failed, examined, isComplete } = this.#told;
    setProp(this.bar, "value", done / total);
    setText(this.count, this.#far({ total, done, failed }));
    setText(this.note, fill(strings.workflowNear, { n: number(examined) }));
    setProp(this.note, "hidden", isComplete);
    const root = { list: this.tree, children: [] };
    for (const part of this.#parts.values()) part.children = [];
    // The list that the next row belongs to is that of the last part here, or of one before it.
    const path = [root];
    rows.forEach((row, index) => {
      const part = this.#part(row, index);
      path.length = Math.min(path.length, row.level + 1);
      path.at(-1).children.push(part.element);
      path.push(part);
      part.update(row);
    });
    for (const { list, children } of [root, ...this.#parts.values()]) arrange(list, children);
  }

  /** "3 of 5 done, 1 failed". */
  #far({ total, done, failed }) {
    const { workflowDone, workflowFailed } = this.config.strings;
    const values = { done: number(done), total: number(total), failed: number(failed) };
    return fill(failed ? workflowFailed : workflowDone, values);
  }

  #part(row, index) {
    const key = "group" in row ? `group ${row.group}` : "more" in row ? `more ${index}` : `task ${row.id}`;
    if (!this.#parts.has(key)) this.#parts.set(key, this.#make(row));
    return this.#parts.get(key);
  }

  #make(row) {
    const { strings } = this.config;
    const then = el("span", { className: "tt-then", hidden: true }, el("span", { className: "tt-hidden", textContent: strings.then }));
    const line = el("div", { className: "tt-tree-line" }, then);
    const list = el("ul");
    const parts = { element: el("li", {}, line, list), line, list, children: [] };
    const follow = ({ follows }) => setProp(then, "hidden", !follows);
    const text = el("span", { className: "tt-quiet" });
    if ("more" in row) {
      line.append(text);
      const update = ({ more }) => setText(text, fill(strings.more, { n: number(more) }));
      return { ...parts, update };
    }
    if ("group" in row) {
      line.append(el("strong", { textContent: strings.group, title: row.group }), text);
      line.tabIndex = -1;
      const update = (row) => {
        follow(row);
        setText(text, this.#far(row));
      };
      return { ...parts, update };
    }
    const badge = new Badge(this.config.states);
    const isShown = row.id === this.#id;
    const name = el(isShown ? "strong" : "a", { className: "tt-tree-name", title: row.name });
    if (isShown) setAttr(name, "aria-current", "true");
    else this.lead(name, row.id);
    line.append(badge.element, name, el("span", { className: "tt-mono tt-quiet", textContent: shortId(row.id) }));
    const update = (row) => {
      follow(row);
      badge.update(row.state);
      setText(name, this.config.names[row.name] ?? row.name);
    };
    return { ...parts, update };
  }
}
