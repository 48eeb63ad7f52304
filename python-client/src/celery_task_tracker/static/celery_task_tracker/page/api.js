// Talking to the page's endpoints.

import { setClock } from "../shared/clock.js";
import { fill, withAllDigits } from "../shared/format.js";

/** Milliseconds after which an answer is not waited for any longer. */
const PATIENCE = 20_000;

/** When the page was last loaded anew because an answer led elsewhere. */
const LOADED_ANEW = "celery_task_tracker.loaded_anew";

/** Milliseconds that have to pass before it is loaded anew again. */
const ONLY_AFTER = 10_000;

/** An answer that is not the one asked for: `code` for the program, `message` for the reader. */
export class ApiError extends Error {
  constructor(code, message, hint = "") {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

export class Api {
  /** The tag of the last answer of the list, and the address that gave it. */
  #last = { url: null, tag: null };

  /** Ends the question for the list that is on its way. */
  #asking = new AbortController();

  /** `token` is the CSRF token that the page came with, `csrfCookie` the cookie with a newer one. */
  constructor({ urls, strings, csrfCookie }, token) {
    this.urls = urls;
    this.strings = strings;
    this.csrfCookie = csrfCookie;
    this.pageToken = token;
  }

  /**
   * One page of rows, `{states: […], tasks: […], page: 1, size: 10}`; or `null` if it is what the
   * same question was answered last. Ends the question that is on its way: an answer that nobody
   * sees must not be the last one.
   */
  async list({ states, tasks, page, size }) {
    const query = new URLSearchParams({ page, page_size: size });
    for (const state of states) query.append("state", state);
    for (const task of tasks) query.append("task", task);
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

  /** Has the next `list` answer in full. */
  forget() {
    this.#last = { url: null, tag: null };
  }

  /** The whole record of one task. */
  async task(id) {
    const response = await this.#fetch(`${this.urls.task}${encodeURIComponent(id)}/`);
    // All digits are for what is only shown. What the page reckons with stays a number.
    return this.#read(response, (text) => {
      const { args, kwargs } = withAllDigits(text);
      return { ...JSON.parse(text), args, kwargs };
    });
  }

  launch(name) {
    return this.#post(this.urls.launch, { task: name });
  }

  revoke(id) {
    return this.#post(this.urls.revoke, { task_id: id });
  }

  /**
   * Revokes what is active: `{revoked: [{id, name}], refused: [{id, name, message}], remaining}`,
   * `remaining` of them being too many for one request.
   */
  revokeActive() {
    return this.#post(this.urls.revokeActive, {});
  }

  async #post(url, form) {
    const response = await this.#fetch(url, {
      method: "POST",
      // Not as a header, for which a project may have another name.
      body: new URLSearchParams({ ...form, csrfmiddlewaretoken: this.#token }),
    });
    return this.#read(response);
  }

  /** Logging in, in another tab, makes the token that the page came with invalid. */
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
   * A session that ran out answers with the way to the login page, which the page itself is led
   * to, and back from, when it is loaded anew. If that was of no use, it is not done again.
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
      // An answer that broke off is none.
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
