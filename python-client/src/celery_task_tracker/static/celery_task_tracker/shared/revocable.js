// Whether a task can be revoked.

import { isAllowed } from "./allowed.js";
import { now } from "./clock.js";

/** Milliseconds after which revoking a task may be requested again. */
const ASK_AGAIN_AFTER = 15_000;

/** Whether this reader may revoke `task`, and it was not requested a moment ago. */
export function isRevocable(task, { activeStates, canRevoke, canTerminate }) {
  if (!activeStates.includes(task.state)) return false;
  if (!(task.state === "STARTED" ? canTerminate : canRevoke)) return false;
  if (!isAllowed("canRevoke", task)) return false;
  // A task that was just starting may have missed the request, so it can be repeated after a while.
  return !(now() - Date.parse(task.revoke_requested) < ASK_AGAIN_AFTER);
}
