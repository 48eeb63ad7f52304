// The chip that says which cause of failures the history is filtered by, and removes the filter.

import { byId, el, icon, setProp, setText } from "../shared/dom.js";

export class CauseFilter {
  /** `clear()` is called when the reader removes the filter. */
  constructor(config, clear) {
    this.strings = config.strings;
    this.text = el("span", { className: "tt-clip", dir: "auto" });
    this.element = el(
      "button",
      {
        type: "button",
        className: "tt-chip tt-cause-chip",
        "data-state": "FAILURE",
        "aria-pressed": "true",
        hidden: true,
        onclick: clear,
      },
      icon("FAILURE"),
      this.text,
      icon("close"),
    );
    byId("chips").after(this.element);
  }

  /** Shows the chip while `isChosen`, with the text of `cause`, `{exception, message}`, if it is known. */
  show(isChosen, cause) {
    setProp(this.element, "hidden", !isChosen);
    if (!isChosen) setText(this.text, this.strings.cause);
    else if (cause) setText(this.text, [cause.exception, cause.message].filter(Boolean).join(": "));
    setProp(this.element, "title", this.text.textContent);
  }
}
