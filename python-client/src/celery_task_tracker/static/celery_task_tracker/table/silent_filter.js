// The chip that filters the history by running tasks that give no sign of life.

import { byId, el, icon, setAttr, setProp } from "../shared/dom.js";
import { silence } from "../shared/silence.js";

export class SilentFilter {
  /** `choose(isChosen)` is called when the reader turns the filter on or off. */
  constructor(config, choose) {
    this.config = config;
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
    );
    byId("chips").after(this.element);
  }

  /** Shows the chip if one of `tasks` is silent, if it is on, or if it has the focus. */
  show(tasks, isChosen) {
    const isThere = isChosen || tasks.some((task) => silence(task, this.config));
    setProp(this.element, "hidden", !isThere && document.activeElement !== this.element);
    setAttr(this.element, "aria-pressed", String(isChosen));
  }
}
