// Whether the reader may act on a task.

/**
 * Whether this reader may do something with `task`: `canChange`, `canRevoke` or `canRerun`. A page with
 * tasks of several objects has the answer in each task; a page of one object in its `config`.
 */
export function isAllowed(what, { object }) {
  return object === undefined || Boolean(object?.[what]);
}
