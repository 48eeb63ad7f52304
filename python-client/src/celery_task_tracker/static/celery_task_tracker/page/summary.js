// What is above the table, and can be folded: the picture, the causes of failures, what is usual.

import { now } from "../shared/clock.js";
import { byId } from "../shared/dom.js";
import { Causes } from "../summary/causes.js";
import { Picture } from "../summary/picture.js";
import { Usual } from "../summary/usual.js";
import { beginOf } from "../table/period.js";

const OPEN = "celery_task_tracker.summary.";

/** The least number of milliseconds between two looks at the causes while tasks keep failing. */
const CAUSES_REST = 10_000;

export class Summary {
  #view = null;
  #history = null;
  #causes = { view: "", failures: -1, at: Number.NEGATIVE_INFINITY };

  /**
   * `look(changes)` changes the view, `open(id)` and `linkTo(id)` lead to the details of a task, and
   * `act(name, view)` acts on all that a view lets through.
   */
  constructor(config, api, { look, open, linkTo, act }) {
    this.card = byId("summary");
    this.folds = [this.card, byId("causes"), byId("usual")];
    this.picture = new Picture(config, {
      load: (frame) => api.picture(frame),
      choose: (period) => look({ last: "", ...period }),
    });
    this.causes = new Causes(config, {
      load: () => api.causes(this.#view),
      choose: (cause) => look({ cause, states: [], silent: "" }),
      act: (name, cause) => act(name, { ...this.#view, states: [], silent: "", cause }),
    });
    this.usual = new Usual(config, { load: (names) => api.usual(names), open, linkTo });
    for (const fold of this.folds) this.#remember(fold);
  }

  /** Shows what the view chooses. */
  look(view) {
    this.#view = view;
    this.picture.mark({ since: beginOf(view, now()), until: view.until });
    this.causes.press(view.cause);
  }

  /** A page of the history has arrived; `null` if it is the same as before. */
  async tell(history) {
    this.#history = history ?? this.#history;
    if (!this.#history) return;
    // What is above the table is left as it is where it cannot be fetched: the page says what is wrong.
    await Promise.allSettled([
      this.card.open && (history || this.picture.isOld) && this.picture.refresh(),
      this.#isOpen("causes") && this.#refreshCauses(),
      (this.#isOpen("usual") || this.#isRunning) && this.usual.refresh(this.#view.tasks),
    ]);
  }

  tick() {
    this.causes.tick();
  }

  get #isRunning() {
    return this.#history.tasks.some(({ state }) => state === "STARTED");
  }

  #isOpen(name) {
    return this.card.open && byId(name).open;
  }

  /** Fetches the causes again if they may have changed. */
  async #refreshCauses() {
    const { tasks, match, since, until, last } = this.#view;
    const view = JSON.stringify([tasks, match, since, until, last]);
    const failures = this.#history.states?.FAILURE ?? 0;
    const isRested = now() - this.#causes.at >= CAUSES_REST;
    const isSame = this.#causes.view === view && (this.#causes.failures === failures || !isRested);
    if (isSame) return;
    this.#causes = { view, failures, at: now() };
    await this.causes.refresh();
  }

  /** Keeps whether a part is open for the next page. */
  #remember(fold) {
    const name = `${OPEN}${fold.dataset.fold}`;
    const was = localStorage.getItem(name);
    if (was) fold.open = was === "open";
    fold.addEventListener("toggle", () => {
      localStorage.setItem(name, fold.open ? "open" : "closed");
      if (fold.open && this.#history) this.tell(this.#history);
    });
  }
}
