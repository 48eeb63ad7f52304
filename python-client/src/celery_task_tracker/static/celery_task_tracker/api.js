// Talking to the page's endpoints.

/** An answer that is not the one asked for: `code` for the program, `message` for the reader. */
export class ApiError extends Error {
  constructor(code, message, hint = "") {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

export class Api {
  constructor(urls, token, strings) {
    this.urls = urls;
    this.token = token;
    this.strings = strings;
  }

  /** One page of rows: `{states: […], task: "", page: 1}`. */
  list({ states, task, page }) {
    const query = new URLSearchParams({ page });
    for (const state of states) query.append("state", state);
    if (task) query.append("task", task);
    return this.#request(`${this.urls.list}?${query}`);
  }

  /** The whole record of one task. */
  task(id) {
    return this.#request(`${this.urls.task}${encodeURIComponent(id)}/`);
  }

  launch(name) {
    return this.#request(this.urls.launch, { task: name });
  }

  revoke(id) {
    return this.#request(this.urls.revoke, { task_id: id });
  }

  async #request(url, form) {
    const options = { headers: { Accept: "application/json" }, credentials: "same-origin" };
    if (form) {
      options.method = "POST";
      options.headers["X-CSRFToken"] = this.token;
      options.body = new URLSearchParams(form);
    }
    let response;
    try {
      response = await fetch(url, options);
    } catch {
      throw new ApiError("offline", this.strings.unreachable);
    }
    // A session that ran out answers with the way to the login page.
    if (response.redirected) {
      window.location.reload();
      return new Promise(() => {});
    }
    let body;
    try {
      body = await response.json();
    } catch {
      throw new ApiError("not-json", `${response.status} ${response.statusText}`);
    }
    if (!response.ok) {
      const { code = "error", message = response.statusText, hint = "" } = body.error ?? {};
      throw new ApiError(code, message, hint);
    }
    return body;
  }
}
