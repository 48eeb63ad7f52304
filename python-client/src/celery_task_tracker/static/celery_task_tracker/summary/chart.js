// Draws how many tasks were created over time, as bars stacked by state.

import { el, setAttr, setProp, setStyle, svg } from "../shared/dom.js";
import { compact, dayAndTime, number, weekday, hourAndMinute } from "../shared/format.js";
import { heights, lines } from "./scale.js";

/** From the base up. What went wrong stands on the base, where bars can be compared. */
const STACK = [
  ...["FAILURE", "REJECTED", "REVOKED", "IGNORED", "SUCCESS"],
  ...["STARTED", "RETRY", "RECEIVED", "PENDING"],
];

/** Pixels. */
const HEIGHT = 148;
const TOP = 8;
const MARKS = 18;
const BOTTOM = 22;
const LEAST = 2;
/** Between two bars, and between two states where both are high enough for it. */
const GAP = 1;
const WIDE_GAP = 3;
/** How wide a bar with its gap is at least where the gap is wide. */
const WIDE = 10;
/** About how wide a character is. */
const CHARACTER = 6.4;
/** How many characters of a mark are shown, if there is room for them. */
const MOST_OF_MARK = 24;
const LEAST_OF_MARK = 6;

export class Chart {
  #drawn = "";

  /** Draws into `element`, whose width counts. */
  constructor(element, config) {
    this.element = element;
    this.config = config;
    this.grid = svg("g", { class: "tt-chart-grid" });
    this.chosen = svg("rect", { class: "tt-chart-chosen" });
    this.bars = svg("g", { class: "tt-chart-bars" });
    this.marks = svg("g", { class: "tt-chart-marks" });
    this.cursor = svg("rect", { class: "tt-chart-cursor" });
    this.svg = svg("svg", { class: "tt-chart", "aria-hidden": "true" });
    this.svg.append(this.grid, this.chosen, this.cursor, this.bars, this.marks);
    this.tip = el("div", { className: "tt-tip", "aria-hidden": "true", dir: document.dir, hidden: true });
    element.append(this.svg, this.tip);
    new ResizeObserver(() => this.#draw()).observe(element);
  }

  /** Shows `picture`, `{frame, buckets, marks}`. */
  show(picture) {
    this.picture = picture;
    this.#draw();
  }

  /** Marks the time that was chosen as a filter: `{since, until}` in unix milliseconds, or `null`. */
  choose(period) {
    this.period = period;
    this.#drawChosen();
  }

  /** Marks the buckets that are pointed at, `{from, to}`, with `lines` about them; or none. */
  point(range, content) {
    this.range = range;
    setProp(this.tip, "hidden", !range);
    if (range) this.tip.replaceChildren(...content);
    this.#drawCursor();
  }

  /** The bucket at a horizontal place in the window. */
  at(clientX) {
    const { frame } = this.picture;
    const share = (clientX - this.svg.getBoundingClientRect().left - this.left) / this.width;
    return Math.min(Math.max(Math.floor(share * frame.buckets), 0), frame.buckets - 1);
  }

  #x(bucket) {
    return this.left + (bucket * this.width) / this.picture.frame.buckets;
  }

  #draw() {
    const full = Math.floor(this.element.clientWidth);
    if (!this.picture || !full) return;
    const { frame, buckets, marks } = this.picture;
    const drawn = JSON.stringify([full, this.picture]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const totals = buckets.map((counts) => Object.values(counts).reduce((sum, count) => sum + count, 0));
    this.most = Math.max(1, ...totals);
    this.lines = lines(this.most);
    const longest = Math.max(...this.lines.map((line) => compact(line).length));
    this.left = Math.ceil(longest * CHARACTER) + 10;
    this.width = full - this.left - 1;
    this.top = TOP + (marks.length ? MARKS : 0);
    this.base = this.top + HEIGHT - TOP - BOTTOM;
    setAttr(this.svg, "width", full);
    setAttr(this.svg, "height", this.base + BOTTOM);
    this.#drawGrid(frame);
    this.bars.replaceChildren(...buckets.flatMap((counts, bucket) => this.#bar(counts, bucket)));
    this.marks.replaceChildren(...this.#drawMarks(frame, marks));
    this.#drawChosen();
    this.#drawCursor();
  }

  get #scale() {
    return (this.base - this.top) / this.most;
  }

  #drawGrid(frame) {
    const right = this.left + this.width;
    const line = (y, name) => svg("line", { x1: this.left, x2: right, y1: y, y2: y, class: name });
    const across = this.lines.flatMap((count) => {
      const y = Math.round(this.base - count * this.#scale) + 0.5;
      return [line(y, "tt-chart-line"), text(compact(count), this.left - 6, y + 3.5, "end")];
    });
    const label = { hour: hourAndMinute, day: hourAndMinute, week: weekday }[frame.span];
    const along = [];
    let free = this.left;
    for (const bucket of frame.labelled) {
      const x = Math.round(this.#x(bucket)) + 0.5;
      const said = label(frame.begin(bucket));
      const half = (said.length * CHARACTER) / 2;
      if (x - half < free || x + half > right) continue;
      free = x + half + 14;
      along.push(svg("line", { x1: x, x2: x, y1: this.base, y2: this.base + 4, class: "tt-chart-base" }));
      along.push(text(said, x, this.base + 16, "middle"));
    }
    this.grid.replaceChildren(...across, line(this.base + 0.5, "tt-chart-base"), ...along);
  }

  #bar(counts, bucket) {
    const left = this.#x(bucket);
    const full = this.#x(bucket + 1) - left;
    const gap = full < WIDE ? GAP : WIDE_GAP;
    const width = Math.max(1, full - gap);
    const states = STACK.filter((state) => counts[state]);
    const each = heights(states.map((state) => counts[state]), (count) => count * this.#scale, LEAST);
    let y = this.base;
    return states.map((state, index) => {
      y -= each[index];
      const height = index && each[index] > 2 * LEAST ? each[index] - GAP : each[index];
      return svg("rect", {
        ...{ x: round(left + gap / 2), y: round(y), width: round(width), height: round(height) },
        "data-state": state,
        "data-bucket": bucket,
      });
    });
  }

  #drawMarks(frame, marks) {
    const right = this.left + this.width;
    let free = 0;
    const lines = [];
    const texts = [];
    for (const { at, text: full } of marks) {
      const x = Math.round(this.left + ((Date.parse(at) - frame.since) / (frame.until - frame.since)) * this.width) + 0.5;
      lines.push(svg("line", { x1: x, x2: x, y1: TOP, y2: this.base }));
      const characters = Math.min(MOST_OF_MARK, Math.floor((right - x - 5) / CHARACTER));
      const isRight = characters < Math.min(LEAST_OF_MARK, full.length);
      const said = shortened(full, isRight ? MOST_OF_MARK : characters);
      const length = said.length * CHARACTER;
      const begin = isRight ? x - 5 - length : x + 5;
      // One that would cover another is told by the line alone, and in full where it is pointed at.
      if (begin < free) continue;
      free = begin + length + 8;
      texts.push(text(said, isRight ? x - 5 : x + 5, TOP + 9, isRight ? "end" : "start"));
    }
    return [...lines, ...texts];
  }

  #drawChosen() {
    if (!this.picture || !this.width) return;
    const { frame } = this.picture;
    const { since, until } = this.period ?? {};
    const isSeen = this.period && since < frame.until && until > frame.since;
    setAttr(this.chosen, "visibility", isSeen ? "visible" : "hidden");
    for (const bar of this.bars.children) {
      const begin = frame.begin(Number(bar.dataset.bucket));
      const isOut = isSeen && (begin + frame.length <= since || begin >= until);
      setAttr(bar, "class", isOut ? "tt-chart-out" : "");
    }
    if (!isSeen) return;
    const x = (time) => this.left + ((Math.min(Math.max(time, frame.since), frame.until) - frame.since) / (frame.until - frame.since)) * this.width;
    this.#place(this.chosen, x(since), x(until));
  }

  #drawCursor() {
    if (!this.picture || !this.width) return;
    setAttr(this.cursor, "visibility", this.range ? "visible" : "hidden");
    if (!this.range) return;
    const [left, right] = [this.#x(this.range.from), this.#x(this.range.to + 1)];
    this.#place(this.cursor, left, right);
    const isRight = (left + right) / 2 > this.element.clientWidth / 2;
    setAttr(this.tip, "data-side", isRight ? "right" : "left");
    setStyle(this.tip, "--tt-at", `${Math.round(isRight ? this.element.clientWidth - left + 8 : right + 8)}px`);
  }

  #place(rect, left, right) {
    setAttr(rect, "x", round(left));
    setAttr(rect, "width", round(Math.max(1, right - left)));
    setAttr(rect, "y", this.top - 4);
    setAttr(rect, "height", this.base - this.top + 4);
  }
}

/** What is said of some buckets: their time, the count of each state, and the marks. */
export function summary({ frame, buckets, marks }, { from, to }, { states, strings }) {
  const begin = frame.begin(from);
  const end = frame.begin(to + 1);
  const counts = Object.keys(states)
    .map((state) => ({
      state,
      count: buckets.slice(from, to + 1).reduce((sum, each) => sum + (each[state] ?? 0), 0),
    }))
    .filter(({ count }) => count > 0);
  return {
    time: dayAndTime(begin, end, frame.span !== "hour"),
    counts: counts.map(({ state, count }) => ({ state, label: states[state], count: number(count) })),
    total: number(counts.reduce((sum, { count }) => sum + count, 0)),
    marks: marks.filter(({ at }) => begin <= Date.parse(at) && Date.parse(at) < end).map((mark) => mark.text),
    none: strings.pictureNone,
  };
}

const shortened = (said, most) => (said.length > most ? `${said.slice(0, most - 1)}…` : said);

function text(said, x, y, anchor) {
  const element = svg("text", { x, y, "text-anchor": anchor });
  element.textContent = said;
  return element;
}

const round = (value) => Math.round(value * 100) / 100;
