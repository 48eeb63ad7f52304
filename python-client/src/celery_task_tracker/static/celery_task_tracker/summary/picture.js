// The picture: how many tasks ended how over the last hour, day or week. Where it is clicked or dragged
// it chooses the time that the table shows.

import { now } from "../shared/clock.js";
import { byId, el, setAttr, setProp, setText } from "../shared/dom.js";
import { Chart, summary } from "./chart.js";
import { Counts } from "./counts.js";
import { Frame } from "./frame.js";
import { Range } from "./range.js";

const SPAN = "celery_task_tracker.picture_span";

export class Picture {
  #picture = null;
  #turn = 0;

  /** `load(frame)` fetches the numbers; `choose({since, until})` narrows the table, to all if empty. */
  constructor(config, { load, choose }) {
    this.config = config;
    this.load = load;
    this.choose = choose;
    this.element = byId("picture");
    this.legend = byId("picture-legend");
    this.chart = new Chart(this.element, config);
    this.counts = new Counts(config);
    this.range = new Range(this.element, {
      at: (clientX) => this.chart.at(clientX),
      count: () => this.#picture?.frame.buckets ?? 1,
      point: (range) => this.#point(range),
      choose: (range) => this.#choose(range),
    });
    this.spans = [...document.querySelectorAll("#task-tracker [data-span]")];
    this.span = localStorage.getItem(SPAN) ?? "day";
    if (!this.spans.some(({ dataset }) => dataset.span === this.span)) this.span = "day";
    for (const button of this.spans) {
      button.addEventListener("click", () => this.#look(button.dataset.span));
    }
    this.#press();
    this.all = byId("picture-all");
    this.all.addEventListener("click", () => {
      this.element.focus();
      this.choose({ since: "", until: "" });
    });
    const asTable = byId("picture-as-table");
    asTable.addEventListener("click", () => {
      const isTable = asTable.getAttribute("aria-pressed") !== "true";
      setAttr(asTable, "aria-pressed", String(isTable));
      setProp(this.element, "hidden", isTable);
      const table = byId("picture-table");
      setProp(table.classList, "value", isTable ? "tt-picture-table" : "tt-hidden");
      // It scrolls, also by the keyboard.
      setProp(table, "tabIndex", isTable ? 0 : -1);
    });
  }

  /** Shows which time the table shows: `{since, until}` as text, empty for no bound. */
  mark({ since, until }) {
    setProp(this.all, "hidden", !since && !until);
    const period = { since: Date.parse(since), until: Date.parse(until) };
    if (Number.isNaN(period.since)) period.since = Number.NEGATIVE_INFINITY;
    if (Number.isNaN(period.until)) period.until = Number.POSITIVE_INFINITY;
    this.chart.choose(since || until ? period : null);
  }

  /** Fetches the numbers again. */
  async refresh() {
    const turn = ++this.#turn;
    const frame = new Frame(this.span, now());
    const answer = await this.load(frame);
    // A range that is being drawn must not move away under the pointer.
    if (turn !== this.#turn || this.range.isDragged) return;
    const before = this.#picture?.frame;
    this.#picture = { frame, ...answer };
    this.chart.show(this.#picture);
    this.counts.show(this.#picture);
    this.#showLegend();
    const last = frame.buckets - 1;
    this.#say(last, this.#summary({ from: last, to: last }));
    this.range.shift(before?.span === frame.span ? (frame.since - before.since) / frame.length : 0);
  }

  /** Whether another bucket has begun since the picture was fetched. */
  get isOld() {
    return !this.#picture || now() >= this.#picture.frame.until;
  }

  #look(span) {
    this.span = span;
    localStorage.setItem(SPAN, span);
    this.#press();
    this.refresh().catch(() => {});
  }

  #press() {
    for (const button of this.spans) {
      setAttr(button, "aria-pressed", String(button.dataset.span === this.span));
    }
  }

  #summary(range) {
    return summary(this.#picture, range, this.config);
  }

  #choose(range) {
    if (!this.#picture) return;
    if (!range) {
      this.choose({ since: "", until: "" });
      return;
    }
    const { frame } = this.#picture;
    // What goes on until now stays open, so that new tasks are shown too.
    const isOpen = range.to === frame.buckets - 1;
    this.choose({
      since: new Date(frame.begin(range.from)).toISOString(),
      until: isOpen ? "" : new Date(frame.begin(range.to + 1) - 1).toISOString(),
    });
  }

  #point(range) {
    if (!this.#picture) return;
    const said = range && this.#summary(range);
    this.chart.point(range, said ? tip(said) : []);
    if (said) this.#say(range.to, said);
  }

  /** What a screen reader says of the buckets that are pointed at. */
  #say(place, { time, counts, marks, none }) {
    setAttr(this.element, "aria-valuemax", this.#picture.frame.buckets);
    setAttr(this.element, "aria-valuenow", place + 1);
    const said = counts.map(({ label, count }) => `${label}: ${count}`);
    setAttr(this.element, "aria-valuetext", [time, ...(said.length ? said : [none]), ...marks].join(", "));
  }

  #showLegend() {
    const { frame } = this.#picture;
    const { counts, none } = this.#summary({ from: 0, to: frame.buckets - 1 });
    setProp(byId("picture-none"), "hidden", counts.length > 0);
    setText(byId("picture-none"), none);
    this.legend.replaceChildren(...counts.map(entry));
  }
}

function tip({ time, counts, marks, none }) {
  return [
    el("strong", { textContent: time }),
    ...marks.map((textContent) => el("span", { className: "tt-tip-mark", textContent })),
    counts.length
      ? el("ul", {}, ...counts.map(entry))
      : el("span", { className: "tt-quiet", textContent: none }),
  ];
}

function entry({ state, label, count }) {
  return el(
    "li",
    { "data-state": state },
    el("span", { className: "tt-swatch", "aria-hidden": "true" }),
    el("span", { textContent: label }),
    el("span", { className: "tt-count", textContent: count }),
  );
}
