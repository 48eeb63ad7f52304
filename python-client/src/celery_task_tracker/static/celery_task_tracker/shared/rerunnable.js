// Whether the page offers to run a task again.

import { isAllowed } from "./allowed.js";

/** Whether `task` is of the kind that may be run again, and has ended. */
export function isRerunnable(task, { activeStates, rerunnable }) {
  return rerunnable.includes(task.name) && !activeStates.includes(task.state) && isAllowed("canRerun", task);
}
