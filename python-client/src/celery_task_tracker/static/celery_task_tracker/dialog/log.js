// What a task logged: its lines with time and level, from a level upwards, to read and to copy.

import { button, el, setText } from "../shared/dom.js";
import { clock } from "../shared/format.js";

const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

/** The lines in `record` as `{time, level, message}`, whatever another program wrote there. */
export function logged({ log }) {
  if (!Array.isArray(log)) return [];
  return log
    .filter((line) => Array.isArray(line) && line.length === 3)
    .map(([time, level, message]) => ({ time, level: String(level), message: String(message) }));
}

export class Log {
  #lines = [];

  /** `copy(text, button)` copies. */
  constructor(strings, copy) {
    const title = strings.log;
    this.text = el("pre", { className: "tt-pre", tabIndex: 0, role: "group", "aria-label": title });
    this.text.dir = "auto";
    this.level = el(
      "select",
      { "aria-label": strings.logLevel, onchange: () => this.#draw() },
      ...LEVELS.map((level) => el("option", { value: level, textContent: level })),
    );
    this.copy = button({
      sign: "copy",
      text: strings.copy,
      className: "tt-button tt-small",
      "aria-label": `${strings.copy}: ${title}`,
      onclick: () => copy(this.text.textContent, this.copy),
    });
    const controls = el("span", { className: "tt-line" }, this.level, this.copy);
    const head = el("div", { className: "tt-section-head" }, el("h3", { textContent: title }), controls);
    this.element = el("section", { className: "tt-log" }, head, this.text);
  }

  update(record) {
    this.#lines = logged(record);
    this.#draw();
  }

  #draw() {
    const least = LEVELS.indexOf(this.level.value);
    // A level that the project has defined itself is always shown.
    const shown = this.#lines.filter(({ level }) => !(LEVELS.indexOf(level) < least && LEVELS.includes(level)));
    setText(this.text, shown.map(({ time, level, message }) => `${hour(time)} ${level} ${message}`).join("\n"));
  }
}

function hour(time) {
  return Number.isFinite(time) && Math.abs(time) < 8.64e15 ? clock(time) : "";
}
