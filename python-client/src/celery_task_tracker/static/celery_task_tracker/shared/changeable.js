// Whether the reader may act on a task.

/** Whether this reader may change the object of `task`, where the page has tasks of several. */
export function isChangeable({ object }) {
  return object === undefined || Boolean(object?.canChange);
}
