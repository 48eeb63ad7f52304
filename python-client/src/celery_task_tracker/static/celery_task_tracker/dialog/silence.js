// The warning that a running task gives no sign of life, and the button that marks it as lost.

import { button, el, icon, once, setProp, setText } from "../shared/dom.js";
import { fill } from "../shared/format.js";
import { isAllowed } from "../shared/allowed.js";
import { silence } from "../shared/silence.js";

export class Silence {
  #task = null;

  /** `markLost(task)` marks a task as lost. */
  constructor(config, markLost) {
    this.config = config;
    const { strings } = config;
    this.text = el("span");
    this.mark = button({
      sign: "stop",
      text: strings.markLost,
      className: "tt-button tt-danger",
      onclick: once(() => markLost(this.#task)),
    });
    this.element = el(
      "section",
      { className: "tt-silence", role: "alert" },
      el("p", {}, icon("warning"), this.text),
      config.canChange ? this.mark : null,
    );
  }

  /** Shows how long `task` has been silent. Returns whether it is. */
  update(task) {
    this.#task = task;
    const { strings } = this.config;
    const time = silence(task, this.config);
    const text = task.worker ? strings.silentWorker : strings.silentFor;
    setProp(this.mark, "hidden", !isAllowed("canChange", task));
    if (time) setText(this.text, fill(text, { time, worker: task.worker }));
    return Boolean(time);
  }
}
