// The banner that is shown while something is wrong, and the panels that replace the table while there
// are no tasks to show.

import { byId, setProp, setText } from "../shared/dom.js";
import { duration, fill } from "../shared/format.js";

/** Errors that have their own panel, which says what to do. */
const PANELS = { unreachable: "unreachable", "module-missing": "module-missing" };

export class Notices {
  #hasShown = false;

  constructor(strings) {
    this.strings = strings;
    this.panels = [...document.querySelectorAll("#task-tracker [data-panel]")];
    this.banner = byId("banner");
  }

  /** Shows the panel `name` instead of the table, or the table if `name` is empty. */
  panel(name) {
    for (const panel of this.panels) setProp(panel, "hidden", panel.dataset.panel !== name);
    setProp(byId("table-wrap"), "hidden", Boolean(name));
    setProp(byId("filters"), "hidden", Boolean(name) && name !== "no-match");
    if (name && name !== "no-match") setProp(byId("pages"), "hidden", true);
  }

  /** Hides the banner and shows the panel `name`, if given. Returns the heading of what is shown. */
  well(name) {
    this.#hasShown = true;
    setProp(this.banner, "hidden", true);
    if (name !== undefined) this.panel(name);
    const panel = this.panels.find((each) => !each.hidden);
    return panel?.querySelector("h2")?.textContent ?? "";
  }

  /** Says that refreshing failed, and that it is tried again in `pause` seconds unless that is `null`. */
  failure(error, pause) {
    const panel = PANELS[error.code];
    if (panel === "module-missing" || !this.#hasShown) {
      setProp(this.banner, "hidden", true);
      setText(byId("failed-message"), error.message);
      for (const hint of document.querySelectorAll("#task-tracker [data-hint]")) {
        setText(hint, panel === "module-missing" ? "" : error.hint);
      }
      this.panel(panel ?? "failed");
      return;
    }
    setText(byId("banner-message"), error.message);
    setText(byId("banner-hint"), error.hint);
    setText(
      byId("banner-pause"),
      pause === null
        ? ""
        : fill(this.strings.tryingAgain, { time: duration(pause * 1000, this.strings) }),
    );
    setProp(this.banner, "hidden", false);
  }
}
