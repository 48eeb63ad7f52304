// The server's clock. Tasks are timed by it, and the reader's clock may be wrong.

/** The precision of a `Date` header in milliseconds. */
const PRECISION = 1000;

let offset = 0;

/** Now, in unix milliseconds. */
export const now = () => Date.now() + offset;

/**
 * Sets the clock by the `Date` header of an answer that has just arrived. `sent` is when its request
 * was sent, in unix milliseconds: the header was written some time in between.
 */
export function setClock(date, sent) {
  const written = Date.parse(date);
  if (Number.isNaN(written)) return;
  const least = written - Date.now();
  const most = written + PRECISION - sent;
  offset = Math.min(Math.max(offset, least), most);
}
