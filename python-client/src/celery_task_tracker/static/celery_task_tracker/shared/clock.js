// The server's clock, by which tasks are timed: the reader's own may be off.

/** Milliseconds to which a `Date` header is cut off. */
const PRECISION = 1000;

let offset = 0;

/** Now, in unix milliseconds. */
export const now = () => Date.now() + offset;

/**
 * Sets the clock by the `Date` header of an answer that has just come to what was `sent` then, in
 * unix milliseconds: it was written in between, which on a slow network is long.
 */
export function setClock(date, sent) {
  const written = Date.parse(date);
  if (Number.isNaN(written)) return;
  const least = written - Date.now();
  const most = written + PRECISION - sent;
  offset = Math.min(Math.max(offset, least), most);
}
