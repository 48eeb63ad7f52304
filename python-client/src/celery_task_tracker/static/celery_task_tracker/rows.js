// The history table. Each task has one row element for as long as it is on the page, and only what
// changed in it is touched: focus, selection and scroll survive every refresh.

import { arrange, el, icon, setIcon, setText } from "./dom.js";
import { duration, exact, fill, relative, shortId } from "./format.js";

/** Milliseconds after which a task that was asked to be revoked may be asked again. */
const ASK_AGAIN_AFTER = 15_000;

/** A badge that says the state by icon and word, never by colour alone. */
export function badge(state, labels) {
  const element = el("span", { className: "tt-badge" }, icon(state), el("span"));
  updateBadge(element, state, labels);
  return element;
}

function updateBadge(element, state, labels) {
  if (element.dataset.state === state) return;
  element.dataset.state = state;
  setIcon(element.firstElementChild, state);
  setText(element.lastElementChild, labels[state] ?? state);
}

/** An element that shows a time relative to now, and keeps doing so: see `tick`. */
export function timeElement() {
  return el("time", { className: "tt-time" });
}

export function updateTime(element, time) {
  if (element.dateTime === (time ?? "")) return;
  element.dateTime = time ?? "";
  element.title = time ? exact(time) : "";
  setText(element, time ? relative(time) : "");
}

/** Brings every relative time in `root` up to date. */
export function tick(root) {
  for (const element of root.querySelectorAll("time.tt-time")) {
    if (element.dateTime) setText(element, relative(element.dateTime));
  }
}

/** How long a task ran, has been running, has been waiting, or when it is due, as a sentence. */
export function pace(task, strings, now = Date.now()) {
  const { started_at: started, finished_at: finished, state } = task;
  if (started && finished) {
    return fill(strings.ran, { time: duration(Date.parse(finished) - Date.parse(started)) });
  }
  if (started && state === "STARTED") {
    return fill(strings.running, { time: duration(now - Date.parse(started)) });
  }
  if (["PENDING", "RECEIVED", "RETRY"].includes(state) && Date.parse(task.eta) > now) {
    return fill(strings.due, { time: relative(task.eta, now) });
  }
  if (state === "PENDING" || state === "RECEIVED") {
    const since = Date.parse(task.published_at ?? task.received_at ?? task.created_at);
    return fill(strings.waiting, { time: duration(now - since) });
  }
  return "";
}

/** "attempt 2 of 4", or nothing for a first attempt that went well. */
export function attempt(task, strings) {
  const total = task.max_retries == null ? null : Number(task.max_retries) + 1;
  if (!task.attempt) return "";
  const n = task.attempt + 1;
  return total && total >= n
    ? fill(strings.attemptOf, { n, total })
    : fill(strings.attempt, { n });
}

/** How far a running task says it is: "40 / 100 · counting". */
export function progress({ progress: said }) {
  if (said?.current === undefined) return "";
  const share = [said.current, said.total].filter((part) => part != null).map(String);
  return [share.join(" / "), said.message].filter(Boolean).join(" · ");
}

export class Rows {
  /** `actions`: what the buttons of a row do, `{details(task), revoke(task), copy(text, button)}`. */
  constructor(body, config, actions) {
    this.body = body;
    this.config = config;
    this.actions = actions;
    this.rows = new Map();
  }

  show(tasks) {
    const known = this.rows.size > 0;
    const rows = new Map();
    for (const task of tasks) {
      const row = this.rows.get(task.id) ?? this.#row(task, known);
      rows.set(task.id, row);
      row.update(task);
    }
    this.rows = rows;
    arrange(this.body, [...rows.values()].map((row) => row.element));
  }

  /** Brings what depends on the time of day up to date. */
  tick() {
    for (const row of this.rows.values()) row.tick();
    tick(this.body);
  }

  #row(firstTask, isNews) {
    const { strings, states, names, activeStates, canChange, canTerminate } = this.config;
    const labels = this.body.dataset;
    let task = firstTask;

    const idText = el("span", { className: "tt-mono", textContent: shortId(task.id) });
    const copyButton = el(
      "button",
      {
        type: "button",
        className: "tt-id",
        title: task.id,
        "aria-label": fill(strings.copyId, { id: task.id }),
        onclick: () => this.actions.copy(task.id, copyButton),
      },
      idText,
      icon("copy"),
    );
    const name = el("span", { className: "tt-name" });
    const sub = el("span", { className: "tt-sub" });
    const state = badge(task.state, states);
    const facts = el("span", { className: "tt-sub" });
    const created = timeElement();
    const updated = timeElement();
    const detailsButton = el(
      "button",
      { type: "button", className: "tt-button", onclick: () => this.actions.details(task) },
      icon("details"),
      el("span", { textContent: strings.details }),
    );
    const revokeButton = el(
      "button",
      {
        type: "button",
        className: "tt-button tt-danger",
        hidden: true,
        onclick: () => this.actions.revoke(task),
      },
      icon("stop"),
      el("span", { textContent: strings.revoke }),
    );
    const element = el(
      "tr",
      {},
      el("td", { className: "tt-cell-id", "data-label": labels.id }, copyButton),
      el("td", { className: "tt-cell-task", "data-label": labels.task }, name, sub),
      el("td", { className: "tt-cell-state", "data-label": labels.state }, state, facts),
      el("td", { className: "tt-cell-time", "data-label": labels.created }, created),
      el("td", { className: "tt-cell-time", "data-label": labels.updated }, updated),
      el("td", { className: "tt-cell-actions" }, el("div", {}, revokeButton, detailsButton)),
    );
    if (isNews) mark(element);

    const update = (next) => {
      const changed = next.state !== task.state || next.attempt !== task.attempt;
      task = next;
      const spoken = names[task.name] ?? task.name;
      setText(name, spoken);
      name.title = task.name;
      const why = reason(task);
      setText(sub, why || [task.queue, task.worker].filter(Boolean).join(" · "));
      sub.classList.toggle("tt-why", Boolean(why));
      sub.title = why;
      updateBadge(state, task.state, states);
      updateTime(created, task.created_at);
      updateTime(updated, task.updated_at);
      const active = activeStates.includes(task.state);
      const values = { name: spoken, id: shortId(task.id) };
      detailsButton.setAttribute("aria-label", fill(strings.detailsOf, values));
      revokeButton.setAttribute("aria-label", fill(strings.revokeOf, values));
      if (!active && document.activeElement === revokeButton) detailsButton.focus();
      if (changed) mark(element);
      showFacts();
    };
    const showFacts = () => {
      const active = activeStates.includes(task.state);
      const asked = active && task.revoke_requested ? strings.revokeRequested : "";
      const far = active ? progress(task) : "";
      const said = [asked || pace(task, strings), far, attempt(task, strings)];
      setText(facts, said.filter(Boolean).join(" · "));
      // A task that began just then has not heard of it: after a while it can be asked again.
      const heard = Date.now() - Date.parse(task.revoke_requested) < ASK_AGAIN_AFTER;
      const may = task.state === "STARTED" ? canTerminate : canChange;
      revokeButton.hidden = !(active && may) || heard;
    };
    return { element, update, tick: showFacts };
  }
}

/** What went wrong, in one line. */
function reason(task) {
  const [kind, message] = ["FAILURE", "REVOKED", "REJECTED"].includes(task.state)
    ? [task.exception, task.error]
    : task.state === "RETRY"
      ? [task.retry_exception, task.retry_error]
      : [];
  return [kind, message].filter(Boolean).join(": ");
}

/** Draws the eye to a row that is new or has changed, for a moment. */
function mark(element) {
  element.classList.remove("tt-changed");
  requestAnimationFrame(() => element.classList.add("tt-changed"));
}
