// Asking again and again: at the pace that was set, slower while it fails, and not at all in a tab
// that nobody sees.

/** The longest pause between two tries, in seconds. */
const LONGEST_PAUSE = 60;

export class Poll {
  #turn = 0;
  #timer;
  #failures = 0;
  #isOn;

  /**
   * `ask()` fetches; what it resolves to goes to `answer(it)`, what it rejects with to
   * `fail(error, pause)` with the seconds until the next try, `null` for none. `interval` is in
   * seconds. Begins with `now()`.
   */
  constructor({ interval, isOn, ask, answer, fail }) {
    this.#isOn = isOn;
    Object.assign(this, { interval, ask, answer, fail });
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) clearTimeout(this.#timer);
      else if (this.#isOn) this.now();
    });
    window.addEventListener("online", () => {
      if (this.#isOn && !document.hidden) this.now();
    });
  }

  /** Whether it asks by itself. */
  get isOn() {
    return this.#isOn;
  }

  /** Asks by itself from now on. */
  start() {
    this.#isOn = true;
    this.now();
  }

  /** Asks only when it is told to. */
  stop() {
    this.#isOn = false;
    clearTimeout(this.#timer);
  }

  /** Asks at once. An answer that a later question has overtaken is dropped. */
  async now() {
    const turn = ++this.#turn;
    clearTimeout(this.#timer);
    let told;
    try {
      const answer = await this.ask();
      if (turn !== this.#turn) return;
      this.#failures = 0;
      told = () => this.answer(answer);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#failures += 1;
      told = () => this.fail(error, this.#isOn ? this.#pause : null);
    }
    if (this.#isOn && !document.hidden) {
      this.#timer = setTimeout(() => this.now(), this.#pause * 1000);
    }
    told();
  }

  get #pause() {
    const slower = this.interval * 2 ** Math.max(0, this.#failures - 1);
    return Math.max(this.interval, Math.min(slower, LONGEST_PAUSE));
  }
}
