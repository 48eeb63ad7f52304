// The dialog that shows one task's whole record.

import { el, icon } from "./dom.js";
import { exact, fill, number, pretty, relative } from "./format.js";
import { attempt, badge, pace, progress } from "./rows.js";

export class Detail {
  /** `load(id)` fetches a record, `copy(text, button)` copies. */
  constructor(dialog, config, { load, copy }) {
    this.dialog = dialog;
    this.config = config;
    this.load = load;
    this.copy = copy;
    this.title = dialog.querySelector("#tt-detail-title");
    this.name = dialog.querySelector("#tt-detail-name");
    this.state = dialog.querySelector("#tt-detail-state");
    this.body = dialog.querySelector("#tt-detail-body");
    this.id = null;
    this.version = null;
  }

  /** Opens the dialog on `task`, a row of the table, and then shows its record. */
  async open(task) {
    this.id = task.id;
    this.version = null;
    this.#head(task);
    this.body.replaceChildren();
    this.dialog.showModal();
    await this.#fetch();
  }

  /** Shows what has become of the task, if `tasks` say that it has changed. */
  async follow(tasks) {
    if (!this.dialog.open) return;
    const row = tasks.find((task) => task.id === this.id);
    if (row && `${row.state} ${row.updated_at}` !== this.version) await this.#fetch();
  }

  async #fetch() {
    const id = this.id;
    try {
      const record = await this.load(id);
      if (id === this.id && this.dialog.open) this.#show(record);
    } catch (error) {
      if (id === this.id) {
        this.body.replaceChildren(el("p", { className: "tt-why", textContent: error.message }));
      }
    }
  }

  #head(task) {
    this.title.textContent = this.config.names[task.name] ?? task.name;
    this.name.textContent = task.name;
    this.state.replaceChildren(badge(task.state, this.config.states));
  }

  #show(record) {
    this.version = `${record.state} ${record.updated_at}`;
    this.#head(record);
    const { strings } = this.config;
    const scroll = this.body.scrollTop;
    this.body.replaceChildren(
      ...this.#outcome(record),
      this.#facts(record),
      this.#value(strings.arguments, record, "args", strings.noArguments),
      this.#value(strings.keywordArguments, record, "kwargs", strings.noArguments),
    );
    this.body.scrollTop = scroll;
  }

  #outcome(record) {
    const { strings } = this.config;
    if (record.state === "SUCCESS") {
      return [this.#value(strings.result, record, "result", strings.noResult), ...this.#past(record)];
    }
    if (record.error || record.traceback || record.exception) {
      return [
        this.#error(strings.error, record, record.exception, record.error),
        this.#value(strings.traceback, record, "traceback"),
        ...this.#past(record),
      ];
    }
    const quiet = el("p", { className: "tt-quiet", textContent: strings.notFinished });
    const past = this.#past(record);
    return past.length || !this.config.activeStates.includes(record.state) ? past : [quiet];
  }

  /** The error of the attempt before, which is why there is this one. */
  #past(record) {
    if (!record.retry_error && !record.retry_exception) return [];
    const { strings } = this.config;
    return [
      this.#error(strings.previousAttempt, record, record.retry_exception, record.retry_error),
      this.#value(strings.traceback, record, "retry_traceback"),
    ];
  }

  #error(title, record, kind, message) {
    return el(
      "section",
      {},
      el("h3", { textContent: title }),
      el(
        "p",
        { className: "tt-error" },
        kind ? el("strong", { textContent: kind }) : null,
        kind && message ? ": " : null,
        message ?? "",
      ),
    );
  }

  /** A section with a value as preformatted text and a button to copy it. */
  #value(title, record, field, absent) {
    const value = record[field];
    const missing = value === undefined || value === "" || value === "null" || isEmpty(value);
    if (missing && absent === undefined) return "";
    const heading = el("h3", { textContent: title });
    if (missing) return el("section", {}, heading, el("p", { className: "tt-quiet", textContent: absent }));
    const text = pretty(value);
    const button = el(
      "button",
      { type: "button", className: "tt-button", onclick: () => this.copy(text, button) },
      icon("copy"),
      this.config.strings.copy,
    );
    button.setAttribute("aria-label", `${this.config.strings.copy}: ${title}`);
    const full = record[`${field}_bytes`];
    return el(
      "section",
      {},
      el("div", { className: "tt-section-head" }, heading, button),
      el("pre", { className: "tt-pre", textContent: text, tabIndex: 0 }),
      full
        ? el("p", {
            className: "tt-quiet",
            textContent: fill(this.config.strings.cut, { size: `${number(full)} B` }),
          })
        : null,
    );
  }

  #facts(record) {
    const { strings } = this.config;
    const list = el("dl", { className: "tt-facts" });
    const add = (label, value, title = "") => {
      if (value) {
        list.append(
          el(
            "div",
            {},
            el("dt", { textContent: label }),
            el("dd", { textContent: value, title }),
          ),
        );
      }
    };
    const time = (label, value) => value && add(label, exact(value), relative(value));
    add(strings.taskId, record.id);
    add(strings.run, [pace(record, strings), attempt(record, strings)].filter(Boolean).join(" · "));
    add(strings.progress, progress(record));
    add(strings.worker, record.worker);
    add(strings.queue, record.queue);
    time(strings.eta, record.eta);
    time(strings.created, record.created_at);
    time(strings.published, record.published_at);
    time(strings.received, record.received_at);
    time(strings.started, record.started_at);
    time(strings.finished, record.finished_at);
    if (record.root_id !== record.id) add(strings.root, record.root_id);
    if (record.parent_id !== record.id) add(strings.parent, record.parent_id);
    add(strings.group, record.group_id);
    return list;
  }
}

function isEmpty(value) {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
