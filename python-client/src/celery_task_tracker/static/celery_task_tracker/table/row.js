// One task of the history table.

import { Badge } from "../shared/badge.js";
import { Bar } from "./bar.js";
import { Box } from "./box.js";
import { button, el, icon, once, setAttr, setProp, setText } from "../shared/dom.js";
import { fill, shortId } from "../shared/format.js";
import { attempt, pace, progress, reason, spokenAttempt } from "../shared/life.js";
import { opens, showLinks } from "../shared/link.js";
import { silence } from "../shared/silence.js";
import { ObjectLink } from "../shared/object.js";
import { isRerunnable } from "../shared/rerunnable.js";
import { isRevocable } from "../shared/revocable.js";
import { Time } from "../shared/time.js";

/** The fields whose change marks a row. Progress, for one, changes too often. */
const NEWS = ["state", "attempt", "revoke_requested"];

/** The labels of fields that a row does not show. */
const FIELD_NAMES = { args: "arguments", kwargs: "keywordArguments", result: "result" };

/** Milliseconds for which a changed row is marked. */
const MARKED_FOR = 2000;

export class Row {
  #version = "";

  /**
   * `actions`: `{linkTo(id), details(task), revoke(task), rerun(task), copy(text, button), select(…),
   * exceeded(task)}`.
   */
  constructor(task, config, actions) {
    this.task = task;
    this.config = config;
    this.actions = actions;
    this.element = this.#build();
  }

  get isActive() {
    return this.config.activeStates.includes(this.task.state);
  }

  /** Shows `task`, and touches nothing if it has not changed. */
  update(task) {
    const version = JSON.stringify(task);
    if (version === this.#version) return;
    const { strings, names } = this.config;
    const isNews = NEWS.some((field) => task[field] !== this.task[field]);
    this.task = task;
    this.#version = version;

    const spoken = names[task.name] ?? task.name;
    this.box.update(task);
    setText(this.name, spoken);
    setProp(this.name, "title", task.name);
    const why = reason(task);
    setText(this.why, why);
    setProp(this.why, "title", why);
    setProp(this.why, "hidden", !why);
    setAttr(this.why, "data-state", this.isActive ? "RETRY" : task.state);
    this.object?.update(task.object);
    this.#showFound(task.found);
    this.#showProgress(this.isActive ? progress(task) : null);
    this.badge.update(task.state);
    setText(this.attempt, attempt(task));
    setProp(this.attempt, "title", spokenAttempt(task, strings));
    setAttr(this.attempt, "aria-label", spokenAttempt(task, strings));
    setProp(this.attempt, "hidden", !task.attempt);
    this.created.update(task.created_at);
    this.updated.update(task.updated_at);
    setText(this.worker, task.worker ?? "");
    setProp(this.worker, "title", task.worker ?? "");
    setText(this.queue, task.queue ?? "");
    showLinks(this.links, task.links ?? []);
    this.cells.forEach((cell, index) => setText(cell, task.cells?.[index] ?? ""));
    setProp(this.queue, "title", task.queue ?? "");
    const values = { name: spoken, id: shortId(task.id) };
    setAttr(this.details, "aria-label", fill(strings.detailsOf, values));
    setAttr(this.revoke, "aria-label", fill(strings.revokeOf, values));
    setAttr(this.rerun, "aria-label", fill(strings.rerunOf, values));
    this.#showTime();
    if (isNews) this.mark();
  }

  /** Updates what depends on the current time. */
  tick() {
    this.created.tick();
    this.updated.tick();
    if (this.isActive) this.#showTime();
  }

  /** Highlights the row for a moment. */
  mark() {
    clearTimeout(this.marked);
    this.element.classList.add("tt-changed");
    this.marked = setTimeout(() => this.element.classList.remove("tt-changed"), MARKED_FOR);
  }

  /** Shows whether the row is selected. */
  select(isSelected) {
    this.box.check(isSelected);
  }

  #showTime() {
    const { strings } = this.config;
    setText(this.pace, pace(this.task, strings));
    this.length = this.bar.update(this.task);
    const isAsked = this.isActive && Boolean(this.task.revoke_requested);
    setProp(this.asked, "hidden", !isAsked);
    const silent = silence(this.task, this.config);
    setText(this.silent, silent && fill(strings.silentFor, { time: silent }));
    setProp(this.silent, "hidden", !silent);
    const usual = this.actions.exceeded(this.task);
    setText(this.long, usual && fill(strings.longer, { time: usual }));
    setProp(this.long, "hidden", !usual);
    const isAllowed = isRevocable(this.task, this.config);
    if (!isAllowed && document.activeElement === this.revoke) this.details.focus();
    setProp(this.revoke, "hidden", !isAllowed);
    const isRepeatable = isRerunnable(this.task, this.config);
    if (!isRepeatable && document.activeElement === this.rerun) this.details.focus();
    setProp(this.rerun, "hidden", !isRepeatable);
  }

  /** Where the row holds what was searched for, if nothing else of it shows that. */
  #showFound(found) {
    setProp(this.found, "hidden", !found);
    if (!found) return;
    setText(this.foundIn, `${this.config.strings[FIELD_NAMES[found.field]]}: `);
    setText(this.foundText, found.text);
  }

  #showProgress(far) {
    setProp(this.far, "hidden", far === null);
    if (far === null) return;
    setText(this.farText, far.text);
    if (far.share === null) this.meter.removeAttribute("value");
    else setProp(this.meter, "value", far.share);
  }

  #build() {
    const { strings, states } = this.config;
    const { task, actions } = this;
    const copy = button({
      sign: "copy",
      className: "tt-id",
      title: task.id,
      "aria-label": fill(strings.copyId, { id: shortId(task.id) }),
      onclick: () => actions.copy(task.id, copy),
    });
    copy.prepend(el("span", { className: "tt-mono", textContent: shortId(task.id) }));
    this.name = el("span", { className: "tt-name", onclick: () => this.details.click() });
    this.why = el("span", { className: "tt-why", hidden: true });
    this.foundIn = el("span");
    this.foundText = el("span", { className: "tt-mono" });
    this.found = el("span", { className: "tt-sub tt-found", hidden: true }, this.foundIn, this.foundText);
    this.meter = el("progress", { max: 1, "aria-label": strings.progress });
    this.farText = el("span", { dir: "auto" });
    this.far = el("span", { className: "tt-far", hidden: true }, this.meter, this.farText);
    this.badge = new Badge(states);
    this.attempt = el("span", { className: "tt-attempt", role: "img" });
    this.asked = el("span", { className: "tt-sub tt-asked", textContent: strings.revokeRequested });
    this.silent = el("span", { className: "tt-sub tt-silent", hidden: true });
    this.long = el("span", { className: "tt-sub tt-long", hidden: true });
    this.bar = new Bar();
    this.pace = el("span", { className: "tt-sub" });
    this.created = new Time();
    this.updated = new Time();
    this.worker = el("span", { className: "tt-clip" });
    this.queue = el("span", { className: "tt-sub tt-clip" });
    this.links = el("span", { className: "tt-sub" });
    this.cells = this.config.columns.map((heading) => el("span", { className: "tt-clip", dir: "auto", title: heading }));
    this.details = el(
      "a",
      { className: "tt-button", title: strings.details },
      icon("details"),
      el("span", { textContent: strings.details }),
    );
    opens(this.details, actions.linkTo(task.id), () => {
      this.details.focus();
      actions.details(this.task);
    });
    this.revoke = button({
      sign: "stop",
      text: strings.revoke,
      className: "tt-button tt-danger",
      title: strings.revoke,
      onclick: once(() => actions.revoke(this.task)),
    });
    this.rerun = button({
      sign: "RETRY",
      title: strings.rerun,
      onclick: once(() => actions.rerun(this.task)),
    });
    const cell = (name, ...children) =>
      el("td", { className: `tt-cell-${name}`, role: "cell" }, ...children);
    const row = el("tr", { role: "row" });
    this.box = new Box(task, this.config, row, actions.select);
    row.append(
      cell("task", this.box.element, this.name, copy, this.why, this.found, this.far),
      ...this.#objectCell(cell),
      cell("state", el("span", { className: "tt-line" }, this.badge.element, this.attempt), this.asked, this.silent),
      cell("run", this.bar.element, this.pace, this.long),
      cell(
        "when",
        this.created.element,
        el("span", { className: "tt-sub" }, `${strings.updated} `, this.updated.element),
      ),
      cell("worker", this.worker, this.queue, this.links),
      ...this.cells.map((text) => cell("own", text)),
      cell("actions", el("div", {}, this.revoke, this.rerun, this.details)),
    );
    return row;
  }
  /** The cell with the object, where the page shows tasks of several. */
  #objectCell(cell) {
    if (!this.config.hasObjects) return [];
    this.object = new ObjectLink(this.config.strings);
    return [cell("object", this.object.element)];
  }
}
