// The attempts of a task that was retried, each with its time, worker and error.

import { arrange, el, setProp, setText } from "../shared/dom.js";
import { duration, exact, fill, number } from "../shared/format.js";

/** What `record` keeps of the attempts before the one that it shows: `[{n, begin, end, …}]`. */
export function earlierAttempts(record) {
  return Object.entries(record)
    .map(([field, told]) => ({ ...told, n: Number(/^attempt_(\d+)$/.exec(field)?.[1] ?? NaN) }))
    .filter(({ n }) => n < record.attempt)
    .sort((one, other) => one.n - other.n)
    .slice(-20);
}

/** The attempt that `record` shows, in the same form. */
function shownAttempt(record) {
  const [begin, end] = [Date.parse(record.started_at), Date.parse(record.finished_at)];
  const { attempt, worker, exception, error } = record;
  return { n: attempt, begin, end, worker, exception, error };
}

export class Attempts {
  #attempts = new Map();

  constructor(strings) {
    this.strings = strings;
    this.list = el("ol", { className: "tt-attempts" });
    this.element = el("section", {}, el("h3", { textContent: strings.attempts }), this.list);
  }

  update(record) {
    const attempts = [...earlierAttempts(record), shownAttempt(record)];
    arrange(
      this.list,
      attempts.map((attempt) => this.#show(attempt)),
    );
  }

  #show(attempt) {
    const { element, name, time, worker, why, traceback, lines } = this.#of(attempt.n);
    const { begin, end } = attempt;
    const ran = begin && end ? fill(this.strings.ran, this.#duration(end - begin)) : "";
    setText(name, fill(this.strings.attemptNumber, { n: number(attempt.n + 1) }));
    setText(time, [exact(begin), ran].filter(Boolean).join(" · "));
    setText(worker, attempt.worker ?? "");
    const reason = [attempt.exception, attempt.error].filter(Boolean).join(": ");
    setText(why, reason);
    setProp(why, "hidden", !reason);
    setText(lines, attempt.traceback ?? "");
    setProp(traceback, "hidden", !attempt.traceback);
    return element;
  }

  #duration(milliseconds) {
    return { time: duration(milliseconds, this.strings) };
  }

  #of(n) {
    if (!this.#attempts.has(n)) {
      const name = el("strong");
      const time = el("span", { className: "tt-quiet" });
      const worker = el("span", { className: "tt-quiet" });
      const why = el("p", { className: "tt-attempt-error", dir: "auto" });
      const { traceback: title } = this.strings;
      const lines = el("pre", { className: "tt-pre", dir: "auto", tabIndex: 0, role: "group" });
      lines.setAttribute("aria-label", `${title}, ${fill(this.strings.attempt, { n: number(n + 1) })}`);
      const traceback = el("details", {}, el("summary", { textContent: title }), lines);
      const head = el("p", { className: "tt-attempt-head" }, name, time, worker);
      const element = el("li", {}, head, why, traceback);
      this.#attempts.set(n, { element, name, time, worker, why, traceback, lines });
    }
    return this.#attempts.get(n);
  }
}
