// The dialog that shows one task's whole record, and follows it while it is open.

import { Attempts, earlierAttempts } from "./attempts.js";
import { Badge } from "../shared/badge.js";
import { Cut } from "./cut.js";
import { arrange, button, byId, el, once, setProp, setText } from "../shared/dom.js";
import { keepFocus } from "../shared/focus.js";
import { exact, shortId } from "../shared/format.js";
import { showLinks } from "../shared/link.js";
import { LifeLine } from "./life_line.js";
import { progress, spokenAttempt } from "../shared/life.js";
import { isRerunnable } from "./rerun.js";
import { isRevocable } from "../shared/revocable.js";
import { Silence } from "./silence.js";
import { Log, logged } from "./log.js";
import { isThere, Value } from "./value.js";

export class Detail {
  #id = "";
  #record = null;
  #version = null;
  #sections = new Map();
  #facts = new Map();

  /**
   * `load(id)` fetches a record, `copy(text, button)` copies, `revoke(task)`, `markLost(task)`,
   * `remove(task)` and `rerun(task)` do what the buttons say, and `closed(id)` is called when the
   * dialog has been closed.
   */
  constructor(config, { load, copy, revoke, markLost, remove, rerun, closed }) {
    this.config = config;
    this.load = load;
    this.copy = copy;
    this.dialog = byId("detail");
    this.title = byId("detail-title");
    this.name = byId("detail-name");
    this.body = byId("detail-body");
    this.badge = new Badge(config.states);
    this.attempt = el("span", { className: "tt-attempt" });
    byId("detail-state").append(this.badge.element, this.attempt);
    this.revoke = byId("detail-revoke");
    this.revoke.addEventListener("click", once(() => revoke(this.#record)));
    this.silence = new Silence(config, markLost);
    this.remove = byId("detail-remove");
    this.remove?.addEventListener("click", once(() => remove(this.#record)));
    this.rerun = byId("detail-rerun");
    this.rerun?.addEventListener("click", once(() => rerun(this.#record)));
    this.close = this.dialog.querySelector("[data-close]");
    this.dialog.addEventListener("close", () => {
      const id = this.#id;
      this.#id = "";
      closed(id);
    });
    this.note = el("p", { className: "tt-quiet", role: "status" });
    this.life = new LifeLine(config.strings);
    this.factList = el("dl", { className: "tt-facts" });
  }

  /** Shows the task `id`, first what its `row` holds if given. Closes the dialog for an empty id. */
  async show(id, row) {
    if (id === this.#id) return;
    if (!id) {
      this.dialog.close();
      return;
    }
    this.#id = id;
    this.#record = null;
    this.#version = null;
    this.#sections.clear();
    this.#head(row ?? { name: shortId(id), state: "" });
    if (!row) setText(this.name, id);
    setText(this.note, this.config.strings.loading);
    this.body.replaceChildren(this.note);
    this.body.scrollTop = 0;
    if (!this.dialog.open) this.dialog.showModal();
    await this.#fetch(JSON.stringify(row));
  }

  /** Updates the task shown. `row` is its row on the page that was just loaded, if it is there. */
  async follow(row) {
    if (!this.#id) return;
    const version = JSON.stringify(row);
    const isActive = !this.#record || this.config.activeStates.includes(this.#record.state);
    if (row ? version !== this.#version : isActive) await this.#fetch(version);
  }

  /** Updates what depends on the current time. */
  tick() {
    if (!this.#id || !this.config.activeStates.includes(this.#record?.state)) return;
    keepFocus(
      () => this.#head(this.#record),
      () => this.close,
    );
    this.life.update(this.#record);
    const isSilent = this.silence.update(this.#record);
    if (isSilent && !this.silence.element.isConnected) this.body.prepend(this.silence.element);
  }

  async #fetch(version) {
    const id = this.#id;
    try {
      const record = await this.load(id);
      if (id !== this.#id) return;
      this.#record = record;
      this.#version = version;
    } catch (error) {
      if (id !== this.#id || this.#record) return;
      setText(this.note, [error.message, error.hint].filter(Boolean).join(" "));
      return;
    }
    keepFocus(
      () => this.#draw(this.#record),
      () => this.close,
    );
  }

  /** Shows `record`. Another program may have made it unreadable; then says so. */
  #draw(record) {
    try {
      this.#show(record);
    } catch (error) {
      console.warn(error);
      setText(this.note, this.config.strings.badRecord);
      this.body.replaceChildren(this.note);
    }
  }

  #head(task) {
    setText(this.title, this.config.names[task.name] ?? task.name);
    setText(this.name, task.name);
    setProp(this.badge.element, "hidden", !task.state);
    this.badge.update(task.state);
    setText(this.attempt, spokenAttempt(task, this.config.strings));
    const isAllowed = Boolean(this.#record) && isRevocable(task, this.config);
    setProp(this.revoke, "hidden", !isAllowed);
    if (this.remove) setProp(this.remove, "hidden", !this.#record);
    if (this.rerun) {
      setProp(this.rerun, "hidden", !this.#record || !isRerunnable(task, this.config));
    }
  }

  #show(record) {
    const { strings, activeStates } = this.config;
    this.#head(record);
    this.life.update(record);
    const isSilent = this.silence.update(record);
    const sections = isSilent ? [this.silence.element, this.life.element] : [this.life.element];
    if (record.error || record.exception) {
      sections.push(this.#error("", strings.error, record));
    }
    if (record.traceback) sections.push(this.#value("traceback", strings.traceback, record));
    if (isThere(record.result)) {
      sections.push(this.#value("result", strings.result, record));
    } else if (record.state === "SUCCESS") {
      sections.push(this.#absent("result", strings.result, strings.noResult));
    } else if (activeStates.includes(record.state)) {
      sections.push(this.#absent("result", strings.result, strings.notFinished));
    }
    if (record.retry_error || record.retry_exception) {
      sections.push(this.#error("retry_", strings.previousAttempt, record));
    }
    if (record.retry_traceback) {
      sections.push(this.#value("retry_traceback", strings.previousTraceback, record));
    }
    if (logged(record).length) sections.push(this.#log(record));
    if (earlierAttempts(record).length) sections.push(this.#attempts(record));
    const given = ["args", "kwargs"].filter((field) => isThere(record[field]));
    const titles = { args: strings.arguments, kwargs: strings.keywordArguments };
    for (const field of given) sections.push(this.#value(field, titles[field], record));
    if (!given.length) sections.push(this.#absent("args", titles.args, strings.noArguments));
    if (record.links?.length) sections.push(this.#links(record));
    sections.push(this.#showFacts(record));
    arrange(this.body, sections);
  }

  #section(key, make) {
    if (!this.#sections.has(key)) this.#sections.set(key, make());
    return this.#sections.get(key);
  }

  #value(field, title, record) {
    const value = this.#section(field, () => new Value(title, this.config.strings, this.copy));
    value.update(record[field], record[`${field}_bytes`]);
    return value.element;
  }

  #attempts(record) {
    const attempts = this.#section("attempts", () => new Attempts(this.config.strings));
    attempts.update(record);
    return attempts.element;
  }

  #log(record) {
    const log = this.#section("log", () => new Log(this.config.strings, this.copy));
    log.update(record);
    return log.element;
  }

  #absent(key, title, text) {
    const { element, note } = this.#section(`no-${key}`, () => {
      const note = el("p", { className: "tt-quiet" });
      return { element: el("section", {}, el("h3", { textContent: title }), note), note };
    });
    setText(note, text);
    return element;
  }

  /** Why an attempt failed: the fields `exception` and `error`, with `prefix` before their names. */
  #error(prefix, title, record) {
    const [kind, message] = [record[`${prefix}exception`], record[`${prefix}error`]];
    const section = this.#section(`${prefix}error`, () => {
      const kind = el("strong");
      const message = el("span");
      const text = el("p", { className: "tt-error", dir: "auto" }, kind, message);
      const cut = new Cut(this.config.strings);
      const heading = el("h3", { textContent: title });
      return { kind, message, cut, element: el("section", {}, heading, text, cut.element) };
    });
    setText(section.kind, kind && message ? `${kind}: ` : (kind ?? ""));
    setText(section.message, message ?? "");
    section.cut.update(message, record[`${prefix}error_bytes`]);
    return section.element;
  }

  #links({ links }) {
    const { list, element } = this.#section("links", () => {
      const list = el("p", { className: "tt-links" });
      const heading = el("h3", { textContent: this.config.strings.links });
      return { list, element: el("section", {}, heading, list) };
    });
    showLinks(list, links);
    return element;
  }

  #showFacts(record) {
    const { strings } = this.config;
    const shown = [];
    const add = (label, value, { isId = false } = {}) => {
      if (value) shown.push(this.#fact(label, value, isId));
    };
    add(strings.taskId, record.id, { isId: true });
    add(strings.worker, record.worker);
    add(strings.queue, record.queue);
    add(strings.progress, progress(record)?.text);
    add(strings.created, exact(record.created_at));
    add(strings.updated, exact(record.updated_at));
    add(strings.launchedBy, record.launched_by);
    add(strings.rerunOf, record.rerun_of, { isId: true });
    add(strings.rerunAs, record.rerun_as, { isId: true });
    if (record.revoke_requested) add(strings.revokeRequested, exact(record.revoke_requested));
    add(strings.revokedBy, record.revoked_by);
    if (record.root_id !== record.id) add(strings.root, record.root_id, { isId: true });
    if (record.parent_id !== record.id) add(strings.parent, record.parent_id, { isId: true });
    add(strings.group, record.group_id, { isId: true });
    add(strings.traceId, record.trace_id, { isId: true });
    arrange(this.factList, shown);
    return this.factList;
  }

  #fact(label, value, isId) {
    if (!this.#facts.has(label)) {
      const text = el("span", { className: isId ? "tt-mono" : "" });
      const copy = isId
        ? button({
            sign: "copy",
            className: "tt-icon-button",
            title: this.config.strings.copy,
            "aria-label": `${this.config.strings.copy}: ${label}`,
            onclick: () => this.copy(text.textContent, copy),
          })
        : null;
      const element = el(
        "div",
        { className: isId ? "tt-fact-id" : "" },
        el("dt", { textContent: label }),
        el("dd", {}, text, copy),
      );
      this.#facts.set(label, { element, text });
    }
    const { element, text } = this.#facts.get(label);
    setText(text, String(value));
    return element;
  }
}
