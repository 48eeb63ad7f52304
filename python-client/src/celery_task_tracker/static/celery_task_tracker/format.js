// Times, durations and values as people read them, in the page's own language.

const language = document.documentElement.lang || undefined;
const relativeFormat = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
const exactFormat = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const clockFormat = new Intl.DateTimeFormat(language, { timeStyle: "medium" });
const numberFormat = new Intl.NumberFormat(language);

const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** "3 min. ago" for an RFC 3339 time. A time that is barely past, or not yet, is "now". */
export function relative(time, now = Date.now()) {
  const seconds = Math.round((Date.parse(time) - now) / 1000);
  if (Number.isNaN(seconds)) return "";
  const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
  return relativeFormat.format(Math.trunc(seconds / length), unit);
}

/** The exact time in the reader's own zone. */
export function exact(time) {
  const moment = new Date(time);
  return Number.isNaN(moment.valueOf()) ? "" : exactFormat.format(moment);
}

/** The time of day. */
export function clock(moment) {
  return clockFormat.format(moment);
}

/** "350 ms", "2.4 s", "1 m 4 s", "2 h 5 m". */
export function duration(milliseconds) {
  const ms = Math.max(0, milliseconds);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} m ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} m`;
}

export function number(value) {
  return numberFormat.format(value);
}

/** `template` with each `{name}` replaced by that value. */
export function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The beginning of an id, enough to tell tasks on a page apart. */
export function shortId(id) {
  return id.length > 10 ? id.slice(0, 8) : id;
}

/** Text that is JSON, indented; any other text as it is. */
export function pretty(value) {
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}
