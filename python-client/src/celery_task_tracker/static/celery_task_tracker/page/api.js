// Requests to the page's endpoints.

import { now, setClock } from "../shared/clock.js";
import { fill, withAllDigits } from "../shared/format.js";
import { beginOf } from "../table/period.js";

/** Timeout of a request in milliseconds. */
const PATIENCE = 20_000;

/** Where the time is kept at which the page last reloaded because of a redirect. */
const LOADED_ANEW = "celery_task_tracker.loaded_anew";

/** The least number of milliseconds between two such reloads. */
const ONLY_AFTER = 10_000;

/** A request that failed: `code` is for the program, `message` for the reader. */
export class ApiError extends Error {
  constructor(code, message, hint = "") {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

export class Api {
  /** The ETag of the last answer of the list, and the address that it is for. */
  #last = { url: null, tag: null };

  /** Aborts the request for the list that is under way. */
  #asking = new AbortController();

  /** `token` is the CSRF token in the page, `csrfCookie` the cookie that may hold a newer one. */
  constructor({ urls, strings, csrfCookie }, token) {
    this.urls = urls;
    this.strings = strings;
    this.csrfCookie = csrfCookie;
    this.pageToken = token;
  }

  /**
   * One page of rows for a view, as `Address` has it, or `null` if nothing has
   * changed since the last answer. Aborts the request before it: its answer would not be shown, so
   * its ETag must not be kept.
   */
  async list(view) {
    const query = filters(view);
    query.set("page", view.page);
    query.set("page_size", view.size);
    const url = `${this.urls.list}?${query}`;
    const headers = this.#last.url === url && this.#last.tag ? { "If-None-Match": this.#last.tag } : {};
    this.#asking.abort();
    this.#asking = new AbortController();
    const response = await this.#fetch(url, { headers, signal: this.#asking.signal });
    if (response.status === 304) return null;
    const history = await this.#read(response);
    this.#last = { url, tag: response.headers.get("ETag") };
    return history;
  }

  /** How many tasks were created in each bucket of `frame`: `{buckets: [{state: count}], marks}`. */
  picture({ since, length, buckets }) {
    return this.#get(this.urls.picture, new URLSearchParams({ since, length, buckets }));
  }

  /** The failures that a view lets through, whatever its states, by their causes. */
  causes(view) {
    return this.#get(this.urls.causes, filters({ ...view, states: [], silent: "", cause: "" }));
  }

  /** What is usual for the tasks of these names; for all if there are none. */
  usual(names) {
    return this.#get(this.urls.usual, new URLSearchParams(names.map((name) => ["task", name])));
  }

  /** Makes the next `list` answer in full. */
  forget() {
    this.#last = { url: null, tag: null };
  }

  /** The whole record of one task. */
  async task(id) {
    const response = await this.#fetch(`${this.urls.task}${encodeURIComponent(id)}/`);
    // What is only shown keeps all digits. What the page calculates with stays a number.
    return this.#read(response, (text) => {
      const { args, kwargs } = withAllDigits(text);
      return { ...JSON.parse(text), args, kwargs };
    });
  }

  /** What belongs together with a task, as the endpoint has it. */
  async family(id) {
    return this.#read(await this.#fetch(`${this.urls.family}${encodeURIComponent(id)}/`));
  }

  /** Launches a task; `label` says which of its launches, if it has several. */
  launch(name, label) {
    return this.#post(this.urls.launch, { task: name, launch: label });
  }

  revoke(id) {
    return this.#post(this.urls.revoke, { task_id: id });
  }

  markLost(id) {
    return this.#post(this.urls.lost, { task_id: id });
  }

  /**
   * Revokes what is active: `{revoked: [{id, name}], refused: [{id, name, message}], remaining}`,
   * where `remaining` is how many were too many for one request.
   */
  revokeActive() {
    return this.#post(this.urls.revokeActive, {});
  }

  /** Runs a task again; `edited` may have other `args` and `kwargs`, as JSON. */
  rerun(id, edited) {
    return this.#post(this.urls.rerun, { task_id: id, ...edited });
  }

  /**
   * What `act` would do with `{ids}`, or with all that `{view}` lets through: `{ids, active,
   * refused: [{message, count}], remaining, limit}`.
   */
  plan(act, { ids, view }) {
    const form = view ? filters(view) : new URLSearchParams();
    for (const id of ids ?? []) form.append("task_id", id);
    form.set("act", act);
    return this.#post(this.urls.plan, form);
  }

  /** Does `act` with these tasks: `{done: [{id, name}], refused: [{id, name, message}]}`. */
  several(act, ids) {
    const form = new URLSearchParams({ act });
    for (const id of ids) form.append("task_id", id);
    return this.#post(this.urls.several, form);
  }

  async #get(url, query) {
    return this.#read(await this.#fetch(`${url}?${query}`));
  }

  /** `form` is an object, or `URLSearchParams` where a name has several values. */
  async #post(url, form) {
    const body = new URLSearchParams(form);
    // Not in a header: a project may have renamed it.
    body.set("csrfmiddlewaretoken", this.#token);
    const response = await this.#fetch(url, {
      method: "POST",
      body,
    });
    return this.#read(response);
  }

  /** A login in another tab makes the token in the page invalid. */
  get #token() {
    const cookies = document.cookie.split("; ").map((cookie) => cookie.split("="));
    return cookies.find(([name]) => name === this.csrfCookie)?.[1] ?? this.pageToken;
  }

  async #fetch(url, { headers = {}, signal, ...options } = {}) {
    const ends = [AbortSignal.timeout(PATIENCE), signal].filter(Boolean);
    const sent = Date.now();
    let response;
    try {
      response = await fetch(url, {
        ...options,
        headers: { Accept: "application/json", ...headers },
        credentials: "same-origin",
        cache: "no-store",
        redirect: "manual",
        signal: AbortSignal.any(ends),
      });
    } catch {
      throw new ApiError("offline", this.strings.offline);
    }
    setClock(response.headers.get("Date"), sent);
    if (response.type === "opaqueredirect") return this.#logIn();
    return response;
  }

  /**
   * An expired session redirects to the login page. Reloading this page leads there and back. If a
   * reload did not help, it is not repeated.
   */
  #logIn() {
    const last = Number(sessionStorage.getItem(LOADED_ANEW));
    if (Date.now() - last < ONLY_AFTER) {
      throw new ApiError("redirected", fill(this.strings.noAnswer, { status: "3xx" }));
    }
    sessionStorage.setItem(LOADED_ANEW, String(Date.now()));
    window.location.reload();
    return new Promise(() => {});
  }

  async #read(response, parse = JSON.parse) {
    let body;
    try {
      body = parse(await response.text());
    } catch (error) {
      // The connection was lost in the middle of the answer.
      if (!(error instanceof SyntaxError)) throw new ApiError("offline", this.strings.offline);
      throw new ApiError("not-json", fill(this.strings.noAnswer, { status: response.status }));
    }
    if (!response.ok) {
      const { code = "error", message = response.statusText, hint = "" } = body.error ?? {};
      throw new ApiError(code, message, hint);
    }
    return body;
  }
}

/** What narrows a view, as the endpoints take it. */
function filters(view) {
  const query = new URLSearchParams();
  for (const state of view.states) query.append("state", state);
  for (const task of view.tasks) query.append("task", task);
  const since = beginOf(view, now());
  const { until, match, silent, cause } = view;
  for (const [name, value] of Object.entries({ since, until, match, silent, cause })) {
    if (value) query.set(name, value);
  }
  return query;
}
