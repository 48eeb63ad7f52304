// Whether a task can be revoked.

import { now } from "./clock.js";

/** Milliseconds after which a task that was asked to be revoked may be asked again. */
const ASK_AGAIN_AFTER = 15_000;

/** Whether this reader may ask for `task` to be revoked, and has not just done so. */
export function isRevocable(task, { activeStates, canChange, canTerminate }) {
  if (!activeStates.includes(task.state)) return false;
  if (!(task.state === "STARTED" ? canTerminate : canChange)) return false;
  // A task that started just then has not heard of it: after a while it can be asked again.
  return !(now() - Date.parse(task.revoke_requested) < ASK_AGAIN_AFTER);
}
