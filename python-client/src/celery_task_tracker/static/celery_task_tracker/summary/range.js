// Choosing a range of buckets, by pointer or by keyboard.

/** Keys that move, and to which of so many buckets. */
const MOVES = {
  ArrowLeft: (place) => place - 1,
  ArrowRight: (place) => place + 1,
  ArrowDown: (place) => place - 1,
  ArrowUp: (place) => place + 1,
  PageDown: (place) => place - 10,
  PageUp: (place) => place + 10,
  Home: () => 0,
  End: (_, count) => count - 1,
};

export class Range {
  /** Where the range began, and the bucket that is pointed at now; `null` while none is. */
  #anchor = null;
  #place = null;
  #isDragged = false;

  /**
   * `at(clientX)` is the bucket at a place, `count()` how many there are. `point(range)` is called
   * with the range that is pointed at, or `null`; `choose(range)` with what was chosen, or `null`.
   */
  constructor(element, { at, count, point, choose }) {
    Object.assign(this, { element, at, count, point, choose });
    element.addEventListener("pointerdown", (event) => this.#press(event));
    element.addEventListener("pointermove", ({ clientX }) => this.#move(at(clientX), this.#isDragged));
    element.addEventListener("pointerup", () => this.#release());
    element.addEventListener("pointercancel", () => this.#leave());
    element.addEventListener("pointerleave", () => {
      if (!this.#isDragged) this.#leave();
    });
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("focus", () => {
      if (element.matches(":focus-visible")) this.#move(this.#place ?? count() - 1, false);
    });
    element.addEventListener("blur", () => this.#leave());
  }

  /** Whether a range is being drawn. */
  get isDragged() {
    return this.#isDragged;
  }

  /** The buckets have moved on by so many: what is pointed at stays the same time. */
  shift(by) {
    if (this.#place === null) return;
    const kept = (place) => Math.min(Math.max(place - by, 0), this.count() - 1);
    this.#place = kept(this.#place);
    this.#anchor = kept(this.#anchor);
    this.point(this.#range);
  }

  get #range() {
    return { from: Math.min(this.#anchor, this.#place), to: Math.max(this.#anchor, this.#place) };
  }

  #move(place, isRange) {
    this.#place = Math.min(Math.max(place, 0), this.count() - 1);
    if (!isRange || this.#anchor === null) this.#anchor = this.#place;
    this.point(this.#range);
  }

  #press({ button, clientX, pointerId }) {
    if (button !== 0) return;
    this.#isDragged = true;
    this.element.setPointerCapture(pointerId);
    this.#move(this.at(clientX), false);
  }

  #release() {
    if (!this.#isDragged) return;
    this.#isDragged = false;
    this.choose(this.#range);
  }

  #leave() {
    this.#isDragged = false;
    this.#anchor = null;
    this.#place = null;
    this.point(null);
  }

  #key(event) {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event;
    if (ctrlKey || metaKey || altKey) return;
    if (key in MOVES) {
      this.#move(MOVES[key](this.#place ?? this.count(), this.count()), shiftKey);
    } else if (key === "Enter" || key === " ") {
      if (this.#place === null) this.#move(this.count() - 1, false);
      this.choose(this.#range);
    } else if (key === "Escape") {
      this.choose(null);
    } else {
      return;
    }
    event.preventDefault();
  }
}
