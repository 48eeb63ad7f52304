// Launching a task, and revoking tasks.

import { UNFILTERED } from "./address.js";
import { confirmed } from "../dialog/confirm.js";
import { byId, once, setProp, setText } from "../shared/dom.js";
import { Several } from "./several.js";
import { fill, number } from "../shared/format.js";
import { toast } from "../shared/toast.js";

export class Acts {
  #active = 0;
  #view = UNFILTERED;

  /** `refresh()` loads the history again, `open(id)` opens a task's dialog,
   * `follow(id)` looks soon what has become of a task. */
  constructor(api, config, { refresh, open, follow }) {
    this.api = api;
    this.config = config;
    this.refresh = refresh;
    this.open = open;
    this.follow = follow;
    this.several = new Several(api, config);
    this.finished = byId("remove-finished");
    if (this.finished) {
      this.#onClick(this.finished, () => this.run("remove", { view: this.#finishedView }));
    }
    for (const button of document.querySelectorAll("#task-tracker [data-launch]")) {
      this.#onClick(button, () => this.#launch(button.dataset));
    }
    this.all = byId("revoke-active");
    if (this.all) this.#onClick(this.all, () => this.#revokeActive());
  }

  /** Shows how many tasks are active, and what can be done with those that `view` lets through. */
  show(counts, view) {
    this.#view = view;
    this.#active = this.config.activeStates.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    const isAny = !view.silent && this.#finishedView.states.some((state) => counts[state]);
    if (this.finished) setProp(this.finished, "hidden", !isAny);
    if (!this.all) return;
    setProp(this.all, "hidden", this.#active === 0);
    const text = fill(this.config.strings.revokeActive, { n: number(this.#active) });
    setText(this.all.lastElementChild, text);
  }

  /** Does `act` with several tasks, as `Several.run`. Resolves to whether it was done. */
  async run(act, which) {
    let isDone = false;
    await this.#attempt(async () => {
      isDone = await this.several.run(act, which);
    });
    return isDone;
  }

  get #finishedView() {
    const { states, activeStates } = this.config;
    const chosen = this.#view.states.length ? this.#view.states : Object.keys(states);
    return { ...this.#view, states: chosen.filter((state) => !activeStates.includes(state)) };
  }

  async #launch({ launch: name, label: which, confirm }) {
    const { strings, names } = this.config;
    const title = [names[name] ?? name, which].filter(Boolean).join(": ");
    if (confirm && !(await confirmed({ title, text: confirm, action: strings.launch, sign: "play" }))) return;
    await this.#attempt(async () => {
      const { id, label } = await this.api.launch(name, which);
      this.follow(id);
      toast(fill(strings.launched, { name: label }), {
        offer: { text: strings.details, run: () => this.open(id) },
      });
    });
  }

  /** Revokes `task` if the reader confirms it. */
  async revoke(task) {
    const { strings, names } = this.config;
    const name = names[task.name] ?? task.name;
    const isRunning = task.state === "STARTED";
    const isAgreed = await confirmed({
      title: strings.revokeTitle,
      text: fill(isRunning ? strings.revokeRunning : strings.revokeWaiting, { name }),
      detail: task.id,
      action: strings.revoke,
    });
    if (!isAgreed) return;
    await this.#attempt(async () => {
      const { workers } = await this.api.revoke(task.id);
      toast(`${fill(strings.revokeSent, { name })} ${this.#answered(workers)}`);
    });
  }

  /** Loads the whole record of `task` and passes it to `show(record)`, which asks what to run. */
  async rerun(task, show) {
    await this.#attempt(async () => show(await this.api.task(task.id)));
  }

  /** Marks `task`, which gives no sign of life, as lost if the reader confirms it. */
  async markLost(task) {
    const { strings, names } = this.config;
    const name = names[task.name] ?? task.name;
    const isAgreed = await confirmed({
      title: strings.markLostTitle,
      text: fill(strings.markLostText, { name }),
      detail: task.id,
      action: strings.markLost,
    });
    if (!isAgreed) return;
    await this.#attempt(async () => {
      await this.api.markLost(task.id);
      toast(fill(strings.markedLost, { name }));
    });
  }

  async #revokeActive() {
    const { strings, canTerminate } = this.config;
    const isAgreed = await confirmed({
      title: fill(strings.revokeActiveTitle, { n: number(this.#active) }),
      text: canTerminate ? strings.revokeActiveText : strings.revokeActiveWaiting,
      detail: "",
      action: strings.revokeAll,
    });
    if (!isAgreed) return;
    await this.#attempt(async () => {
      const { revoked, refused, workers } = await this.#revokeAll();
      const said = [fill(strings.revokeActiveSent, { n: number(revoked.size) })];
      if (revoked.size) said.push(this.#answered(workers));
      if (refused.size) {
        said.push(fill(strings.revokeActiveRefused, { n: number(refused.size) }));
        said.push(...new Set(refused.values()));
      }
      toast(said.join(" "), { isError: refused.size > 0 });
    });
  }

  /** One request revokes a limited number of tasks: repeats it as long as it revokes more. */
  async #revokeAll() {
    const revoked = new Set();
    const refused = new Map();
    let before;
    let answer;
    do {
      before = revoked.size;
      answer = await this.api.revokeActive();
      for (const { id } of answer.revoked) revoked.add(id);
      for (const { id, message } of answer.refused) refused.set(id, message);
    } while (answer.remaining > 0 && revoked.size > before);
    return { revoked, refused, workers: answer.workers };
  }

  /** How many workers answered a revocation; nothing if the broker has no way for them to answer. */
  #answered(workers) {
    const { workersAnswered, noWorkerAnswered } = this.config.strings;
    if (workers === null) return "";
    return workers ? fill(workersAnswered, { n: number(workers) }) : noWorkerAnswered;
  }

  async #attempt(act) {
    try {
      await act();
    } catch (error) {
      const message = [error.message, error.hint].filter(Boolean).join(" ");
      toast(fill(this.config.strings.failed, { message }), { isError: true });
    }
    await this.refresh();
  }

  /** Calls `act` on click, not while it is still running, and once for a double click. */
  #onClick(button, act) {
    const busily = async () => {
      if (button.ariaBusy === "true") return;
      button.ariaBusy = "true";
      await act();
      button.ariaBusy = "false";
    };
    button.addEventListener("click", once(busily));
  }
}
