// What is usual for each task: how often it fails, how long it waits and runs.

import { now } from "../shared/clock.js";
import { byId, el, setProp } from "../shared/dom.js";
import { duration, fill, number, percent } from "../shared/format.js";
import { ran } from "../shared/life.js";

/** The least number of runs that say what is usual. */
const ENOUGH = 20;

/** Milliseconds for which an answer counts. */
const FRESH = 60_000;

export class Usual {
  /** What is known of each task by its name, and when it was fetched. */
  #known = new Map();
  #asked = { tasks: "", at: Number.NEGATIVE_INFINITY };

  /** `load(names)` fetches, for all tasks or those of these names; `linkTo(id)` and `open(id)` lead to
   * the details of a task. */
  constructor(config, { load, linkTo, open }) {
    this.config = config;
    this.load = load;
    this.linkTo = linkTo;
    this.open = open;
    this.table = byId("usual-table");
    this.none = byId("usual-none");
  }

  /** How long a running task usually takes at most, as text, if it has been running for longer. */
  exceeded(task) {
    const usual = this.#known.get(task.name)?.ran;
    if (task.state !== "STARTED" || !usual || usual.count < ENOUGH || ran(task) <= usual.p95) return "";
    return duration(usual.p95, this.config.strings);
  }

  /** Fetches what is usual for the tasks of these names, unless it is known. */
  async refresh(names) {
    const tasks = JSON.stringify(names);
    if (this.#asked.tasks === tasks && now() - this.#asked.at < FRESH) return;
    const before = this.#asked;
    this.#asked = { tasks, at: now() };
    try {
      const answer = await this.load(names);
      if (this.#asked.tasks === tasks) this.#show(answer.tasks);
    } catch (error) {
      this.#asked = before;
      throw error;
    }
  }

  /** Fetches what is usual for the tasks of this name, unless it is known. */
  async learn(name) {
    if (now() - (this.#known.get(name)?.at ?? Number.NEGATIVE_INFINITY) < FRESH) return;
    this.#known.set(name, { ...this.#known.get(name), at: now() });
    // The page does without it.
    const { tasks } = await this.load([name]).catch(() => ({ tasks: [] }));
    this.#keep(tasks);
  }

  #keep(tasks) {
    for (const task of tasks) this.#known.set(task.name, { ...task, at: now() });
  }

  #show(tasks) {
    this.#keep(tasks);
    setProp(this.table, "hidden", tasks.length === 0);
    setProp(this.none, "hidden", tasks.length > 0);
    this.table.tBodies[0].replaceChildren(...tasks.map((task) => this.#row(task)));
  }

  #row({ name, count, failures, ran: run, waited, slowest }) {
    const { names, strings } = this.config;
    const spoken = names[name] ?? name;
    const cell = (label, content, className = "") =>
      el("td", { className, "data-label": label }, ...[content].flat());
    const times = (label, time) =>
      time
        ? cell(label, [
            el("span", { textContent: duration(time.median, strings) }),
            el("span", {
              className: "tt-quiet",
              textContent: fill(strings.usualP95, { time: duration(time.p95, strings) }),
            }),
          ])
        : cell(label, "–", "tt-quiet");
    return el(
      "tr",
      {},
      el("th", { scope: "row", title: name, textContent: spoken }),
      cell(strings.usualEnded, number(count)),
      cell(strings.usualFailed, failures ? percent(failures / count) : "–", failures ? "tt-usual-failed" : "tt-quiet"),
      times(strings.usualRan, run),
      times(strings.usualWaited, waited),
      cell(strings.usualSlowest, slowest ? this.#link(slowest, spoken) : "–", slowest ? "" : "tt-quiet"),
    );
  }

  #link({ id, ran: time }, name) {
    const { strings } = this.config;
    return el("a", {
      href: this.linkTo(id),
      textContent: duration(time, strings),
      "aria-label": fill(strings.usualSlowestOf, { name, time: duration(time, strings) }),
      onclick: (event) => {
        // With a modifier key the browser opens the link in a new tab or window.
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        this.open(id);
      },
    });
  }
}
