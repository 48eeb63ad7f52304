// Whether a running task still gives signs of life.

import { now } from "./clock.js";
import { duration } from "./format.js";

/** How long a running task has given no sign of life, as text; empty while nothing is wrong. */
export function silence(task, { silentAfter, strings }) {
  if (task.state !== "STARTED" || !silentAfter) return "";
  const silent = now() - Date.parse(task.alive_at);
  return silent > silentAfter ? duration(silent, strings) : "";
}
