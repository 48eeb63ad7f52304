// Times, durations, sizes and values in the language of the page.

const language = known(document.documentElement.lang);
const relativeFormat = new Intl.RelativeTimeFormat(language, { style: "short" });
const nowFormat = new Intl.RelativeTimeFormat(language, { style: "short", numeric: "auto" });
const exactFormat = new Intl.DateTimeFormat(language, {
  dateStyle: "medium",
  timeStyle: "long",
});
const clockFormat = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
const dayFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium" });
const numberFormat = new Intl.NumberFormat(language);
const tenthsFormat = new Intl.NumberFormat(language, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const compactFormat = new Intl.NumberFormat(language, { notation: "compact" });
const percentFormat = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
const TO_THE_MINUTE = { hour: "2-digit", minute: "2-digit" };
const minuteFormat = new Intl.DateTimeFormat(language, TO_THE_MINUTE);
const weekdayFormat = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric" });
const dayAndMinuteFormat = new Intl.DateTimeFormat(language, {
  ...{ weekday: "short", day: "numeric", month: "short" },
  ...TO_THE_MINUTE,
});

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** The language that a tag names, or `undefined`, the browser's own, if it is not valid. */
function known(tag) {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
}

/** "3 min. ago", "in 5 sec.", "now": a time (RFC 3339, or unix milliseconds) beside another. */
export function relative(time, now) {
  const seconds = Math.round((new Date(time).valueOf() - now) / 1000);
  if (Number.isNaN(seconds)) return "";
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  // Words for "now" alone: 40 hours ago is not "yesterday".
  const format = seconds === 0 ? nowFormat : relativeFormat;
  return format.format(Math.trunc(seconds / length), unit);
}

/** The exact time in the reader's time zone. */
export function exact(time) {
  const moment = new Date(time);
  return Number.isNaN(moment.valueOf()) ? "" : exactFormat.format(moment);
}

/** The time of day. */
export function clock(time) {
  return clockFormat.format(new Date(time));
}

/** The day of a time in the reader's time zone; empty if `other` is on the same day. */
export function day(time, other) {
  const shown = dayFormat.format(new Date(time));
  return shown === dayFormat.format(new Date(other)) ? "" : shown;
}

/** "14:05", the time of day to the minute. */
export function hourAndMinute(time) {
  return minuteFormat.format(new Date(time));
}

/** "Mon 23", the day of a time. */
export function weekday(time) {
  return weekdayFormat.format(new Date(time));
}

/** "14:05 – 14:06", from one time to another, to the minute; with the day where `hasDay`. */
export function dayAndTime(since, until, hasDay) {
  return (hasDay ? dayAndMinuteFormat : minuteFormat).formatRange(new Date(since), new Date(until));
}

/** "1.2K", a number where there is little room. */
export function compact(value) {
  return compactFormat.format(value);
}

/** "12%", a share from 0 to 1; one above 0 is never shown as 0. */
export function percent(share) {
  return percentFormat.format(share > 0 ? Math.max(share, 0.01) : 0);
}

export function number(value) {
  return numberFormat.format(value);
}

/** `template` with each `{name}` replaced by that value. */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** "350 ms", "2.4 s", "1 m 4 s", "2 h 5 m", in the units that `strings` has. */
export function duration(milliseconds, strings) {
  const ms = Math.max(0, milliseconds);
  if (ms < 1000) return fill(strings.milliseconds, { ms: number(Math.round(ms)) });
  if (ms < 9950) return fill(strings.seconds, { s: tenthsFormat.format(ms / 1000) });
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return fill(strings.seconds, { s: number(seconds) });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return fill(strings.minutesSeconds, { m: number(minutes), s: number(seconds % 60) });
  }
  return fill(strings.hoursMinutes, {
    h: number(Math.floor(minutes / 60)),
    m: number(minutes % 60),
  });
}

/** "640 B", "64.0 KiB", "1.2 MiB". */
export function size(bytes) {
  if (bytes < 1024) return `${number(bytes)} B`;
  if (bytes < 1024 * 1024) return `${tenthsFormat.format(bytes / 1024)} KiB`;
  return `${tenthsFormat.format(bytes / 1024 / 1024)} MiB`;
}

/** The start of an id, enough to tell the tasks on a page apart. */
export function shortId(id) {
  return id.length > 10 ? id.slice(0, 8) : id;
}

/** The longest list that is shown on one line. */
const ONE_LINE = 72;

/** Text that is JSON, indented; any other text as it is. */
export function pretty(value) {
  if (typeof value !== "string") return indented(value);
  try {
    return indented(withAllDigits(value));
  } catch {
    return value;
  }
}

/**
 * Parses JSON to be shown: integers that are too large for JavaScript keep their digits, in browsers
 * that have `JSON.rawJSON`.
 */
export function withAllDigits(json) {
  return JSON.parse(json, (key, value, context) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) && context?.source && JSON.rawJSON
      ? JSON.rawJSON(context.source)
      : value,
  );
}

function isSimple(value) {
  return Object(value) !== value || Boolean(JSON.isRawJSON?.(value));
}

function indented(value) {
  if (Array.isArray(value) && value.every(isSimple)) {
    const line = `[${value.map((member) => JSON.stringify(member)).join(", ")}]`;
    if (line.length <= ONE_LINE) return line;
  }
  return JSON.stringify(value, null, 2);
}
