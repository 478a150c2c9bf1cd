/**
 * Whether a text is a time of a schedule: minute, hour, day of the month, month, day of the week. Each field is `*`, a
 * number, a range, or a list of these, with `/STEP` behind `*` or a range; months and days of the week also by their
 * first three letters, 7 is Sunday. Days of the month together with days of the week are refused: some programs take
 * them for either, others for both.
 *
 * Only what node-cron takes too is accepted; a test holds the two together.
 */
export function isCron(text: string): boolean {
  const given = wordsOf(text);
  const [minutes, hours, days, months, weekdays] = setsOf(given);
  if (given.length !== fields.length || !minutes || !hours || !days || !months || !weekdays) return false;
  if (given[2] !== '*' && given[4] !== '*') return false;
  return months.some((month) => days.some((day) => day <= (longestMonths[month - 1] ?? 0)));
}

/**
 * The first time of a schedule, in UTC, after a moment, both milliseconds since the Unix epoch.
 * @param text as {@link isCron} takes it @throws Error for any other
 */
export function nextTime(text: string, after: number): number {
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = setsOf(wordsOf(text));
  for (let day = after - (after % dayLong), left = daysAhead; left > 0; day += dayLong, left -= 1) {
    const date = new Date(day);
    const [weekday, month] = [date.getUTCDay(), date.getUTCMonth() + 1];
    if (!months.includes(month) || !days.includes(date.getUTCDate())) continue;
    if (!weekdays.includes(weekday) && !(weekday === 0 && weekdays.includes(7))) continue;
    const times = hours.flatMap((hour) => minutes.map((minute) => day + (hour * 60 + minute) * 60_000));
    const later = times.filter((time) => time > after);
    if (later.length > 0) return Math.min(...later);
  }
  throw new Error(`${JSON.stringify(text)} is no time of a schedule`);
}

const dayLong = 86_400_000;
/** The 29th of February may be away for eight years. */
const daysAhead = 8 * 366 + 2;

function wordsOf(text: string): readonly string[] {
  return text.trim().split(/ +/);
}

function setsOf(given: readonly string[]): readonly (number[] | undefined)[] {
  return fields.map(({ least, most, names }, index) => valuesOf(given[index] ?? '', least, most, names));
}

interface Field {
  readonly least: number;
  readonly most: number;
  readonly names: readonly string[];
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const fields: readonly Field[] = [
  { least: 0, most: 59, names: [] },
  { least: 0, most: 23, names: [] },
  { least: 1, most: 31, names: [] },
  { least: 1, most: 12, names: months },
  { least: 0, most: 7, names: weekdays },
];
/** Days of each month in a leap year. */
const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Every value that a field names; undefined: it is none. */
function valuesOf(field: string, least: number, most: number, names: readonly string[]): number[] | undefined {
  const values: number[] = [];
  for (const part of field.toLowerCase().split(',')) {
    const [, from, to, step] = /^(\*|\d{1,2}|[a-z]{3})(?:-(\d{1,2}|[a-z]{3}))?(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    if (from === undefined) return undefined;
    const first = from === '*' ? least : numberOf(from, names, least);
    const last = from === '*' ? most : to === undefined ? first : numberOf(to, names, least);
    const every = Number(step ?? 1);
    if ((from === '*' && to !== undefined) || (step !== undefined && from !== '*' && to === undefined))
      return undefined;
    if (!(first >= least && last <= most && first <= last && every >= 1)) return undefined;
    for (let value = first; value <= last; value += every) values.push(value);
  }
  return values;
}

/** NaN for no number. */
function numberOf(text: string, names: readonly string[], least: number): number {
  if (/^\d+$/.test(text)) return Number(text);
  const index = names.indexOf(text);
  return index < 0 ? NaN : index + least;
}
