// The dialog that shows one task's whole record, and follows it while it is open.

import { Attempts, earlierAttempts } from "./attempts.js";
import { Badge } from "../shared/badge.js";
import { Cut } from "./cut.js";
import { isAllowed } from "../shared/allowed.js";
import { arrange, byId, el, once, setProp, setText } from "../shared/dom.js";
import { Facts } from "./facts.js";
import { Family } from "./family.js";
import { inherit, keepFocus } from "../shared/focus.js";
import { shortId } from "../shared/format.js";
import { opens, showLinks } from "../shared/link.js";
import { LifeLine } from "./life_line.js";
import { spokenAttempt } from "../shared/life.js";
import { ObjectLink } from "../shared/object.js";
import { isRerunnable } from "../shared/rerunnable.js";
import { isRevocable } from "../shared/revocable.js";
import { Silence } from "./silence.js";
import { Log, logged } from "./log.js";
import { isThere, Value } from "./value.js";

export class Detail {
  #id = "";
  #record = null;
  #version = null;
  #sections = new Map();

  /**
   * `load(id)` fetches a record and `loadFamily(id)` what belongs together with it, `linkTo(id)` is
   * the address of a task's dialog and `open(id)` opens it, `copy(text, button)` copies,
   * `exceeded(task)` is how long it usually takes at most, if it has been running for longer,
   * `revoke(task)`, `markLost(task)`, `remove(task)` and `rerun(task)` do what the buttons say, and
   * `closed(id)` is called when the dialog has been closed.
   */
  constructor(config, { load, loadFamily, linkTo, open, copy, revoke, markLost, remove, rerun, exceeded, closed }) {
    this.config = config;
    this.load = load;
    this.copy = copy;
    this.dialog = byId("detail");
    this.title = byId("detail-title");
    this.name = byId("detail-name");
    this.body = byId("detail-body");
    this.badge = new Badge(config.states);
    this.attempt = el("span", { className: "tt-attempt" });
    if (config.hasObjects) {
      this.object = new ObjectLink(config.strings);
      byId("detail-object").append(this.object.element);
    }
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
    this.life = new LifeLine(config.strings, exceeded);
    this.family = new Family(config, {
      load: loadFamily,
      lead: (link, id) => opens(link, linkTo(id), () => open(id)),
    });
    this.facts = new Facts(config.strings, { copy, linkTo, open });
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
    this.family.forget();
    this.#head(row ?? { name: shortId(id), state: "" });
    if (!row) setText(this.name, id);
    setText(this.note, this.config.strings.loading);
    this.body.replaceChildren(this.note);
    this.body.scrollTop = 0;
    if (!this.dialog.open) this.dialog.showModal();
    // A link that led here is gone.
    inherit(() => this.title);
    await this.#fetch(JSON.stringify(row));
  }

  /** Updates the task shown. `row` is its row on the page that was just loaded, if it is there. */
  async follow(row) {
    if (!this.#id) return;
    const version = JSON.stringify(row);
    const isActive = !this.#record || this.config.activeStates.includes(this.#record.state);
    if (row ? version !== this.#version : isActive) await this.#fetch(version);
    else if (this.family.isThere && this.family.isActive) await this.#fetchFamily();
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
    this.#redraw();
    await this.#fetchFamily();
  }

  async #fetchFamily() {
    const id = this.#id;
    await this.family.fetch(id);
    const known = this.#record;
    if (id !== this.#id || !known) return;
    if ((this.family.state ?? known.state) !== known.state) {
      // The task has moved on since its record was fetched. The next refresh tells if this fails.
      const record = await this.load(id).catch(() => known);
      if (this.#record === known) this.#record = record;
    }
    if (id === this.#id && this.#record) this.#redraw();
  }

  #redraw() {
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
    if (task.object !== undefined) this.object?.update(task.object);
    setProp(this.badge.element, "hidden", !task.state);
    this.badge.update(task.state);
    setText(this.attempt, spokenAttempt(task, this.config.strings));
    setProp(this.revoke, "hidden", !this.#record || !isRevocable(task, this.config));
    if (this.remove) setProp(this.remove, "hidden", !this.#record || !isAllowed("canChange", task));
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
    if (this.family.isThere) {
      this.family.draw();
      sections.push(this.family.element);
    }
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
    this.facts.update(record, this.family);
    sections.push(this.facts.element);
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
}
