// The time that the picture shows: the last hour, day or week, in equal buckets.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How long a bucket of each span is in milliseconds, and how many there are. */
const SPANS = {
  hour: { length: MINUTE, buckets: 60 },
  day: { length: HOUR / 2, buckets: 48 },
  week: { length: 3 * HOUR, buckets: 56 },
};

/** A new label stands where this changes from one bucket to the next. */
const LABELS = {
  hour: (time) => Math.floor(time.getMinutes() / 10),
  day: (time) => Math.floor(time.getHours() / 4),
  week: (time) => time.getDate(),
};

export class Frame {
  /**
   * The frame of `span`, one of `hour`, `day` and `week`, whose last bucket `now` is in. Buckets
   * begin at full minutes, half hours or every three hours of the reader's time zone.
   */
  constructor(span, now) {
    const { length, buckets } = SPANS[span];
    const offset = new Date(now).getTimezoneOffset() * MINUTE;
    this.span = span;
    this.length = length;
    this.buckets = buckets;
    this.until = (Math.floor((now - offset) / length) + 1) * length + offset;
    this.since = this.until - length * buckets;
  }

  /** When a bucket begins, in unix milliseconds. */
  begin(bucket) {
    return this.since + bucket * this.length;
  }

  /** The bucket that a time is in; the first or the last one for a time outside. */
  at(time) {
    const bucket = Math.floor((time - this.since) / this.length);
    return Math.min(Math.max(bucket, 0), this.buckets - 1);
  }

  /** The buckets that begin a new label. */
  get labelled() {
    const label = (bucket) => LABELS[this.span](new Date(this.begin(bucket)));
    return [...Array(this.buckets).keys()].filter((bucket) => label(bucket) !== label(bucket - 1));
  }
}
