// The server's clock, by which tasks are timed: the reader's own may be off.

/** Milliseconds of difference that the precision of a `Date` header explains. */
const PRECISION = 2000;

let offset = 0;

/** Now, in unix milliseconds. */
export const now = () => Date.now() + offset;

/** Sets the clock by the `Date` header of an answer that has just come. */
export function setClock(date) {
  const difference = Date.parse(date) - Date.now();
  if (Number.isFinite(difference)) offset = Math.abs(difference) > PRECISION ? difference : 0;
}
