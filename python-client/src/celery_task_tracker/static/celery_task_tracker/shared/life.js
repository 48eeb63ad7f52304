// A task's timeline, from its record: how long it waited and ran, and when things happened.

import { now } from "./clock.js";
import { duration, fill, number, relative } from "./format.js";

const WAITING_STATES = ["PENDING", "RECEIVED", "RETRY"];

/** A time in unix milliseconds, or `null` if it is missing or cannot be read. */
const at = (time) => {
  const milliseconds = Date.parse(time);
  return Number.isNaN(milliseconds) ? null : milliseconds;
};

/** When the attempt that the record shows was sent, if the record says so. */
function begin(task) {
  return (
    at(task.published_at) ??
    at(task.received_at) ??
    at(task.started_at) ??
    at(task.created_at) ??
    now()
  );
}

/** Milliseconds that the task waited, or has been waiting, for a worker. */
export function waited(task) {
  const end = at(task.started_at) ?? at(task.finished_at) ?? now();
  return Math.max(0, end - begin(task));
}

/** Milliseconds that the task ran, or has been running; `null` if it has not begun. */
export function ran(task) {
  const started = at(task.started_at);
  if (started === null) return null;
  const end = at(task.finished_at) ?? (task.state === "STARTED" ? now() : at(task.updated_at));
  return Math.max(0, end - started);
}

/** Whether the task waits for its `eta`. */
function isDue(task) {
  return WAITING_STATES.includes(task.state) && at(task.eta) > now();
}

/** "ran 1 m 4 s · waited 3.2 s", "waiting 2 s" or "due in 8 sec.". Lines break between parts only. */
export function pace(task, strings) {
  return paces(task, strings)
    .map((part) => part.replaceAll(" ", "\u00a0"))
    .join(" · ");
}

function paces(task, strings) {
  if (isDue(task)) return [fill(strings.due, { time: relative(task.eta, now()) })];
  const wait = { time: duration(waited(task), strings) };
  if (WAITING_STATES.includes(task.state)) return [fill(strings.waiting, wait)];
  const running = ran(task);
  if (running === null) return [fill(strings.waited, wait)];
  const run = { time: duration(running, strings) };
  return [
    fill(task.state === "STARTED" ? strings.running : strings.ran, run),
    fill(strings.waited, wait),
  ];
}

/** "2/4", or nothing for a first attempt. */
export function attempt(task) {
  if (!task.attempt) return "";
  const n = task.attempt + 1;
  const total = Number(task.max_retries ?? Number.NaN) + 1;
  return total >= n ? `${number(n)}/${number(total)}` : number(n);
}

/** "attempt 2 of 4", or nothing for a first attempt. */
export function spokenAttempt(task, strings) {
  if (!task.attempt) return "";
  const [n, total] = attempt(task).split("/");
  return total ? fill(strings.attemptOf, { n, total }) : fill(strings.attempt, { n });
}

/** A task's progress as `{text, share}`, `share` from 0 to 1 or `null`; `null` without progress. */
export function progress({ progress: said }) {
  if (said?.current === undefined || said.current === null) return null;
  const { current, total, message } = said;
  const ratio = total > 0 ? current / total : Number.NaN;
  const share = Number.isNaN(ratio) ? null : Math.min(1, Math.max(0, ratio));
  const count = [current, total]
    .filter((part) => part != null)
    .map((part) => (typeof part === "number" ? number(part) : String(part)))
    .join(" / ");
  return { share, text: [count, message].filter(Boolean).join(" · ") };
}

/** What went wrong, in one line. */
export function reason(task) {
  const [kind, message] = ["FAILURE", "REVOKED", "REJECTED"].includes(task.state)
    ? [task.exception, task.error]
    : WAITING_STATES.includes(task.state) || task.state === "STARTED"
      ? [task.retry_exception, task.retry_error]
      : [];
  return [kind, message].filter(Boolean).join(": ");
}

/**
 * The moments of a task's timeline in order: `[{name, time, gap, who}]`. `time` is in unix milliseconds,
 * `gap` says what the time since the moment before was spent on. The last moment of an unfinished
 * task is `now`, or the time at which it is due.
 */
export function moments(task, strings) {
  const known = ["published", "received", "started", "finished"]
    .map((name) => ({ name, time: at(task[`${name}_at`]) }))
    .filter(({ time }) => time !== null);
  const has = (name) => known.some((moment) => moment.name === name);
  const eta = at(task.eta);
  if (eta !== null && eta > (known[0]?.time ?? 0) && !(has("finished") && !has("started"))) {
    const place = known.findIndex(({ name, time }) => name === "started" || time > eta);
    known.splice(place < 0 ? known.length : place, 0, { name: "due", time: eta });
  }
  if (!has("finished") && !isDue(task) && [...WAITING_STATES, "STARTED"].includes(task.state)) {
    known.push({ name: "now", time: now() });
  }
  return known.map((moment, index) => ({
    ...moment,
    who: WHO[moment.name]?.(task) ?? "",
    gap: index && gap(known[index - 1], moment, has("started"), strings),
  }));
}

/** Who had a moment of the task's life happen, if that was a user. */
const WHO = {
  published: (task) => task.launched_by,
  finished(task) {
    if (task.tentative) return task.lost_by;
    return task.state === "REVOKED" ? task.revoked_by : "";
  },
};

function gap(before, moment, hasStarted, strings) {
  const time = { time: duration(moment.time - before.time, strings) };
  switch (moment.name) {
    case "received":
      return fill(strings.gapQueue, time);
    case "due":
      return moment.time > now()
        ? fill(strings.due, { time: relative(moment.time, now()) })
        : fill(strings.gapDue, time);
    case "started":
      return fill(strings.waited, time);
    case "now":
      return fill(hasStarted ? strings.running : strings.waiting, time);
    default:
      return fill(hasStarted ? strings.ran : strings.waited, time);
  }
}
