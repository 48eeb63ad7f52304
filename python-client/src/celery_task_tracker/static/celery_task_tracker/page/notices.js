// What the page tells of itself: a banner while something is wrong, and what stands in the place of
// the table while there are no tasks to show.

import { byId, setProp, setText } from "../shared/dom.js";
import { duration, fill } from "../shared/format.js";

/** Errors that have a panel of their own, which says what to do. */
const PANELS = { unreachable: "unreachable", "module-missing": "module-missing" };

export class Notices {
  #hasShown = false;

  constructor(strings) {
    this.strings = strings;
    this.panels = [...document.querySelectorAll("#task-tracker [data-panel]")];
    this.banner = byId("banner");
  }

  /** Shows one of the panels in the place of the table, or the table. */
  panel(name) {
    for (const panel of this.panels) setProp(panel, "hidden", panel.dataset.panel !== name);
    setProp(byId("table-wrap"), "hidden", Boolean(name));
    setProp(byId("filters"), "hidden", Boolean(name) && name !== "no-match");
    if (name && name !== "no-match") setProp(byId("pages"), "hidden", true);
  }

  /** All is well: `name` is the panel to show, or none. Returns what that panel says first. */
  well(name) {
    this.#hasShown = true;
    setProp(this.banner, "hidden", true);
    if (name !== undefined) this.panel(name);
    const panel = this.panels.find((each) => !each.hidden);
    return panel?.querySelector("h2")?.textContent ?? "";
  }

  /** The page cannot be brought up to date, and tries again after `pause` seconds, if at all. */
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
