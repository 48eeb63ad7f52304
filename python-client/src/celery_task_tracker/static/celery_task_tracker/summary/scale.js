// The vertical scale of the picture.

const STEPS = [1, 2, 5, 10];

/** The most lines above the base. */
const LINES = 4;

/** The counts at which lines are drawn: round numbers up to `most`, which is 1 or more. */
export function lines(most) {
  const least = most / LINES;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = Math.max(1, power * STEPS.find((each) => each * power >= least));
  return Array.from({ length: Math.floor(most / step) }, (_, index) => (index + 1) * step);
}

/**
 * The heights of stacked `counts` in pixels, where `pixels(count)` is the height of one of them to
 * scale. None that is above 0 vanishes: what it takes to be seen is taken from the highest.
 */
export function heights(counts, pixels, least) {
  const drawn = counts.map((count) => (count ? Math.max(least, pixels(count)) : 0));
  const excess = drawn.reduce((sum, height) => sum + height, 0) - pixels(counts.reduce((sum, count) => sum + count, 0));
  const highest = drawn.indexOf(Math.max(...drawn));
  drawn[highest] = Math.max(Math.min(least, drawn[highest]), drawn[highest] - Math.max(0, excess));
  return drawn;
}
