// The short facts of a record: ids, times, names.

import { arrange, button, el, setAttr, setText } from "../shared/dom.js";
import { exact } from "../shared/format.js";
import { opens } from "../shared/link.js";
import { progress } from "../shared/life.js";

export class Facts {
  #facts = new Map();

  /** `copy(text, button)` copies, `linkTo(id)` is the address of a task and `open(id)` opens it. */
  constructor(strings, { copy, linkTo, open }) {
    Object.assign(this, { strings, copy, linkTo, open });
    this.element = el("dl", { className: "tt-facts" });
  }

  /** Shows `record`. What `family` has of the tasks that it names are links. */
  update(record, family) {
    const { strings } = this;
    const shown = [];
    const add = (label, value) => {
      if (value) shown.push(this.#fact(label, value));
    };
    const addId = (label, id, { href = "", go } = {}) => {
      if (id) shown.push(this.#id(label, id, href, go));
    };
    const addTask = (label, id) => {
      if (id === record.id) return;
      addId(label, id, family.has(id) ? { href: this.linkTo(id), go: () => this.open(id) } : {});
    };
    addId(strings.taskId, record.id);
    add(strings.worker, record.worker);
    add(strings.queue, record.queue);
    add(strings.progress, progress(record)?.text);
    add(strings.created, exact(record.created_at));
    add(strings.updated, exact(record.updated_at));
    add(strings.launchedBy, record.launched_by);
    addTask(strings.repeats, record.rerun_of);
    addTask(strings.rerunAs, record.rerun_as);
    if (record.revoke_requested) add(strings.revokeRequested, exact(record.revoke_requested));
    add(strings.revokedBy, record.revoked_by);
    addTask(strings.root, record.root_id);
    addTask(strings.parent, record.parent_id);
    const group = record.group_id;
    const leads = family.hasGroup(group);
    addId(strings.group, group, leads ? { href: this.linkTo(record.id), go: () => family.reveal(group) } : {});
    addId(strings.traceId, record.trace_id);
    arrange(this.element, shown);
  }

  #fact(label, value) {
    const { element, text } = this.#made(label, () => {
      const text = el("span");
      return { text, element: el("div", {}, el("dt", { textContent: label }), el("dd", {}, text)) };
    });
    setText(text, String(value));
    return element;
  }

  /** An id that can be copied, and leads to `href` if that is given; a plain click then runs `go()`. */
  #id(label, id, href, go) {
    const fact = this.#made(label, () => {
      const text = el("a", { className: "tt-mono" });
      opens(text, "", () => this.#facts.get(label).go?.());
      const copy = button({
        sign: "copy",
        className: "tt-icon-button",
        title: this.strings.copy,
        "aria-label": `${this.strings.copy}: ${label}`,
        onclick: () => this.copy(text.textContent, copy),
      });
      const value = el("dd", {}, text, copy);
      return { text, element: el("div", { className: "tt-fact-id" }, el("dt", { textContent: label }), value) };
    });
    fact.go = go;
    if (href) setAttr(fact.text, "href", href);
    else fact.text.removeAttribute("href");
    setText(fact.text, String(id));
    return fact.element;
  }

  #made(label, make) {
    if (!this.#facts.has(label)) this.#facts.set(label, make());
    return this.#facts.get(label);
  }
}
