// Polling: at the interval that is set, slower while requests fail, and not at all in a hidden tab.

/** The longest pause between two tries, in seconds. */
const LONGEST_PAUSE = 60;

export class Poll {
  #turn = 0;
  #timer;
  #failures = 0;
  #isOn;

  /**
   * `ask()` fetches. Its result goes to `answer(result)`, its error to `fail(error, pause)` with the
   * seconds until the next try, or `null` for none. `interval` is in seconds. `now()` starts it.
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

  /** Whether it polls. */
  get isOn() {
    return this.#isOn;
  }

  /** Starts polling. */
  start() {
    this.#isOn = true;
    this.now();
  }

  /** Stops polling; `now()` still asks once. */
  stop() {
    this.#isOn = false;
    clearTimeout(this.#timer);
  }

  /** Asks at once. An answer that arrives after the next call is dropped. */
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
