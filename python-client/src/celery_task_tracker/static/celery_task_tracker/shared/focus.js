// Where the focus goes when the element that has it disappears.

/** Runs `change()`. If the focused element disappears, `heir()` gets the focus. */
export function keepFocus(change, heir) {
  const focused = document.activeElement;
  change();
  if (focused !== document.body && !focused.checkVisibility()) inherit(heir);
}

/** Focuses `heir()` if no visible element has the focus. Does not scroll. */
export function inherit(heir) {
  const focused = document.activeElement;
  if (focused === document.body || !focused.checkVisibility()) heir().focus({ preventScroll: true });
}
