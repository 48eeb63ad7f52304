// The filter by time of creation: any, the last hour, day or week, or the reader's own period.

import { byId, setProp } from "../shared/dom.js";

/** Seconds back from now, by their names in the address. */
export const LAST = { hour: 3600, day: 86_400, week: 604_800 };

const OWN = "own";
const MINUTE = 60_000;

/**
 * The earliest creation that a view shows, as RFC 3339; nothing for any. It moves on once a
 * minute, so that most refreshes within it ask for the same.
 */
export function beginOf({ last, since }, now) {
  if (!last) return since;
  return new Date(Math.floor((now - LAST[last] * 1000) / MINUTE) * MINUTE).toISOString();
}

export class Period {
  /** `choose({last, since, until})` is called with the chosen period. */
  constructor(choose) {
    this.choose = choose;
    this.select = byId("period");
    this.own = byId("period-own");
    this.inputs = { since: byId("since"), until: byId("until") };
    this.select.addEventListener("change", () => this.#select(this.select.value));
    for (const input of Object.values(this.inputs)) {
      input.addEventListener("change", () => {
        choose({ last: "", since: this.#time("since"), until: this.#time("until") });
      });
    }
  }

  /** Shows which period is chosen. */
  show({ last, since, until }) {
    const isOwn = Boolean(since || until) || this.own.contains(document.activeElement);
    setProp(this.select, "value", isOwn ? OWN : last);
    setProp(this.select.classList, "value", last || isOwn ? "tt-chosen" : "");
    setProp(this.own, "hidden", !isOwn);
    for (const [name, time] of Object.entries({ since, until })) {
      if (document.activeElement !== this.inputs[name]) this.inputs[name].value = local(time);
    }
  }

  #select(value) {
    if (value === OWN) {
      setProp(this.own, "hidden", false);
      this.inputs.since.focus();
    } else {
      this.choose({ last: value, since: "", until: "" });
    }
  }

  #time(name) {
    const { value } = this.inputs[name];
    return value ? new Date(value).toISOString() : "";
  }
}

/** A time as an input shows it: in the reader's own time zone. */
function local(time) {
  if (!time) return "";
  const moment = new Date(time);
  return new Date(moment - moment.getTimezoneOffset() * MINUTE).toISOString().slice(0, 19);
}
