// Where the focus goes when what has it goes away.

/** Makes a change. If what has the focus goes by it, the focus goes to what `heir()` gives. */
export function keepFocus(change, heir) {
  const focused = document.activeElement;
  change();
  if (focused !== document.body && !focused.checkVisibility()) inherit(heir);
}

/** Gives the focus to what `heir()` gives, if nothing has it. Nothing is scrolled by that. */
export function inherit(heir) {
  const focused = document.activeElement;
  if (focused === document.body || !focused.checkVisibility()) heir().focus({ preventScroll: true });
}
