// The view: filters, page and open dialog. It is kept in the page's address, so that a link shows the
// same and the browser's Back button works.

import { LAST } from "../table/period.js";

const PARAMETERS = [
  ...["state", "task", "match", "last", "since", "until", "silent", "cause"],
  ...["page", "page_size", "task_id"],
];

/** The view without any filter. */
export const UNFILTERED = {
  ...{ states: [], tasks: [], match: "" },
  ...{ last: "", since: "", until: "", silent: "", cause: "" },
};

export class Address {
  #settled = Promise.resolve();
  #isClosing = false;

  /**
   * `states` are those that can be filtered by, `pageSize` is the default number of rows.
   * `onchange(view)` is called whenever the view changes.
   */
  constructor({ states, pageSize }, onchange) {
    this.states = states;
    this.pageSize = pageSize;
    this.onchange = onchange;
    this.view = this.#read();
    window.addEventListener("popstate", () => {
      this.view = this.#read();
      if (this.#isClosing) {
        // The page was loaded with the dialog of the first of the tasks that were opened.
        this.#isClosing = false;
        this.#leave();
      }
      this.onchange(this.view);
    });
  }

  get isFiltered() {
    return Object.keys(UNFILTERED).some((name) => this.view[name].length > 0);
  }

  /** Changes the view. The page is the first one unless `changes` names another. */
  async look(changes) {
    await this.#settled;
    this.#change(changes, (url) => window.history.pushState({}, "", url));
  }

  /** As `look`, but replaces the entry in the browser's history: for what the reader is typing. */
  async refine(changes) {
    await this.#settled;
    this.#change(changes, (url) => window.history.replaceState({}, "", url));
  }

  #change(changes, go) {
    this.view = { ...this.view, page: 1, ...changes };
    const url = this.#write(this.view);
    if (url !== window.location.href) go(url);
    this.onchange(this.view);
  }

  /** Moves on from a page that no longer exists, without an entry in the browser's history. */
  correct(page) {
    this.view = { ...this.view, page };
    window.history.replaceState(window.history.state, "", this.#write(this.view));
    this.onchange(this.view);
  }

  /** Opens a task's dialog. The browser's Back button closes it, or leads to the task before it. */
  async open(taskId) {
    await this.#settled;
    const opened = (this.view.taskId && window.history.state?.opened) || 0;
    this.view = { ...this.view, taskId };
    window.history.pushState({ opened: opened + 1 }, "", this.#write(this.view));
    this.onchange(this.view);
  }

  /** Updates the address after the dialog was closed. */
  close() {
    if (!this.view.taskId) return;
    const opened = window.history.state?.opened;
    if (!opened) {
      this.#leave();
      return;
    }
    this.view = { ...this.view, taskId: "" };
    // Take the history entries of the dialog back. Later changes wait until that has happened.
    this.#settled = new Promise((resolve) => {
      window.addEventListener("popstate", resolve, { once: true });
    });
    this.#isClosing = true;
    window.history.go(-opened);
  }

  /** The view without a dialog, in the same entry of the browser's history. */
  #leave() {
    if (!this.view.taskId) return;
    this.view = { ...this.view, taskId: "" };
    window.history.replaceState(window.history.state, "", this.#write(this.view));
  }

  /** A link to a task's dialog, without any filter. */
  linkTo(taskId) {
    return this.#write({ ...UNFILTERED, page: 1, size: this.pageSize, taskId });
  }

  #read() {
    const { searchParams } = new URL(window.location.href);
    const states = searchParams.getAll("state").map((state) => state.toUpperCase());
    return {
      states: [...new Set(states)].filter((state) => state in this.states),
      tasks: [...new Set(searchParams.getAll("task"))].filter(Boolean),
      match: (searchParams.get("match") ?? "").trim(),
      last: searchParams.get("last") in LAST ? searchParams.get("last") : "",
      since: moment(searchParams.get("since")),
      until: moment(searchParams.get("until")),
      silent: searchParams.get("silent") ? "1" : "",
      cause: searchParams.get("cause") ?? "",
      page: whole(searchParams.get("page")) ?? 1,
      size: whole(searchParams.get("page_size")) ?? this.pageSize,
      taskId: searchParams.get("task_id") ?? "",
    };
  }

  #write({ states, tasks, match, last, since, until, silent, cause, page, size, taskId }) {
    // Keep other parameters, such as the filters of the change list.
    const url = new URL(window.location.href);
    for (const name of PARAMETERS) url.searchParams.delete(name);
    for (const state of states) url.searchParams.append("state", state);
    for (const task of tasks) url.searchParams.append("task", task);
    for (const [name, value] of Object.entries({ match, last, since, until, silent, cause })) {
      if (value) url.searchParams.set(name, value);
    }
    if (page > 1) url.searchParams.set("page", page);
    if (size !== this.pageSize) url.searchParams.set("page_size", size);
    if (taskId) url.searchParams.set("task_id", taskId);
    return url.href;
  }
}

function whole(text) {
  return /^[1-9]\d{0,8}$/.test(text ?? "") ? Number(text) : null;
}

/** A time as the address has it, if it is one. */
function moment(text) {
  return Number.isNaN(Date.parse(text)) ? "" : text;
}
