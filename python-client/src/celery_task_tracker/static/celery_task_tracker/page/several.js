// Acting on several tasks: says first what will happen, then does it with progress.

import { confirmed } from "../dialog/confirm.js";
import { Working } from "../dialog/working.js";
import { fill, number } from "../shared/format.js";
import { toast } from "../shared/toast.js";

/** How many tasks one request acts on, and how many it plans for. */
const AT_ONCE = 50;
const PLANNED_AT_ONCE = 500;

/** The icons of the actions. */
const SIGNS = { remove: "remove", rerun: "RETRY", revoke: "stop" };

/** The most tasks to act on at a time. */
const MOST = 1000;

export class Several {
  constructor(api, config) {
    this.api = api;
    this.config = config;
  }

  /**
   * Does `act`, such as `remove`, with the tasks of `which`: `{ids}`, or `{view}` for all that a
   * view lets through. Resolves to whether the reader agreed.
   */
  async run(act, which) {
    const { strings } = this.config;
    const plan = which.view ? await this.api.plan(act, which) : await this.#planOf(act, which.ids);
    const n = number(plan.ids.length);
    if (plan.ids.length === 0) {
      toast([strings[`${act}SeveralNone`], ...this.#reasons(plan)].join(" "), { isError: true });
      return false;
    }
    const isAgreed = await confirmed({
      title: fill(strings[`${act}SeveralTitle`], { n }),
      text: strings[`${act}SeveralText`],
      notes: this.#notes(act, plan),
      action: strings[act],
      sign: SIGNS[act],
    });
    if (!isAgreed) return false;
    await this.#carryOut(act, plan.ids);
    return true;
  }

  /** The plan for these tasks, asked for in parts: Django takes 1,000 values in a form. */
  async #planOf(act, ids) {
    const whole = { ids: [], active: 0, refused: [], remaining: Math.max(0, ids.length - MOST), limit: MOST };
    for (const part of parts(ids.slice(0, MOST), PLANNED_AT_ONCE)) {
      const plan = await this.api.plan(act, { ids: part });
      whole.ids.push(...plan.ids);
      whole.refused.push(...plan.refused);
      whole.active += plan.active;
    }
    return whole;
  }

  /** Why which number of tasks is left out: a plan of several parts may name a reason several times. */
  #reasons({ refused }) {
    const counts = new Map();
    for (const { message, count } of refused) counts.set(message, (counts.get(message) ?? 0) + count);
    const { leftOut } = this.config.strings;
    return [...counts].map(([reason, count]) => fill(leftOut, { n: number(count), reason }));
  }

  /** What the reader should know before agreeing. */
  #notes(act, plan) {
    const { strings } = this.config;
    const notes = this.#reasons(plan);
    if (act === "remove" && plan.active) {
      notes.push(fill(strings.removeActive, { n: number(plan.active) }));
    }
    if (plan.remaining) {
      const values = { n: number(plan.remaining), limit: number(plan.limit) };
      notes.push(fill(strings.severalRemaining, values));
    }
    return notes;
  }

  async #carryOut(act, ids) {
    const { strings } = this.config;
    const working = new Working(strings[act], ids.length);
    let done = 0;
    const refused = [];
    try {
      for (const part of parts(ids, AT_ONCE)) {
        if (working.isStopped) break;
        const answer = await this.api.several(act, part);
        done += answer.done.length;
        refused.push(...answer.refused);
        working.add(part.length);
      }
    } finally {
      working.close();
    }
    const said = [fill(strings[`${act}SeveralDone`], { n: number(done) })];
    if (refused.length) {
      said.push(fill(strings.severalRefused, { n: number(refused.length) }));
      said.push(...new Set(refused.map(({ message }) => message)));
    }
    toast(said.join(" "), { isError: refused.length > 0 });
  }
}

function* parts(ids, length) {
  for (let at = 0; at < ids.length; at += length) yield ids.slice(at, at + length);
}
