// The chip that filters the history by running tasks that give no sign of life.

import { byId, el, icon, setAttr, setProp, setText } from "../shared/dom.js";
import { fill, number } from "../shared/format.js";
import { silence } from "../shared/silence.js";

export class SilentFilter {
  /** `choose(isChosen)` is called when the reader turns the filter on or off. */
  constructor(config, choose) {
    this.config = config;
    this.counter = el("span", { className: "tt-count" });
    this.element = el(
      "button",
      {
        type: "button",
        className: "tt-chip",
        "data-state": "RETRY",
        hidden: true,
        onclick: () => choose(this.element.getAttribute("aria-pressed") !== "true"),
      },
      icon("warning"),
      el("span", { textContent: config.strings.silent }),
      this.counter,
    );
    byId("chips").after(this.element);
  }

  /**
   * Shows the chip if a task is silent, if the filter is on, or if it has the focus. `silent` is
   * `{count, examined, complete}` of the newest running tasks; it is missing while none runs.
   */
  show({ tasks, silent }, isChosen) {
    // Some may have fallen silent since the server counted.
    const onPage = tasks.filter((task) => silence(task, this.config)).length;
    const count = Math.max(silent?.count ?? 0, onPage);
    const isCut = silent && !silent.complete;
    setText(this.counter, `${number(count)}${isCut ? "+" : ""}`);
    const among = fill(this.config.strings.silentAmong, { n: number(silent?.examined ?? 0) });
    setProp(this.element, "title", isCut ? among : "");
    const isThere = isChosen || count > 0;
    setProp(this.element, "hidden", !isThere && document.activeElement !== this.element);
    setAttr(this.element, "aria-pressed", String(isChosen));
  }
}
