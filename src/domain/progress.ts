/** How far long work has come, by its own counting. Estimates are the server's, so that `done` may pass `total`. */
export interface Progress {
  /** What it is at, for people: `app.page`. */
  readonly at: string;
  readonly unit: 'rows' | 'bytes';
  readonly done: number;
  /** undefined while nobody can tell. */
  readonly total: number | undefined;
  /** Per second, since the work began or went on. */
  readonly rate: number;
}

/** Seconds left at this rate; undefined where nobody can tell. */
export function secondsLeft({ done, total, rate }: Progress): number | undefined {
  return total === undefined || rate <= 0 ? undefined : Math.max(0, total - done) / rate;
}

/** From 0 to 1; undefined where nobody can tell. */
export function ratioOf({ done, total }: Progress): number | undefined {
  return total === undefined ? undefined : total === 0 ? 1 : Math.min(1, done / total);
}

/** `app.page, 1.2 million of 3.4 million rows (35 %), 52000 rows/s, 42 s left` */
export function progressWords(progress: Progress): string {
  const { at, unit, done, total, rate } = progress;
  const [ratio, left] = [ratioOf(progress), secondsLeft(progress)];
  const what = unit === 'rows' ? ' rows' : '';
  return [
    at,
    `${amount(done, unit)}${total === undefined ? '' : ` of ${amount(total, unit)}`}${what}${ratio === undefined ? '' : ` (${Math.floor(ratio * 100)} %)`}`,
    `${amount(rate, unit)}${what}/s`,
    ...(left === undefined ? [] : [`${left < 100 ? `${Math.ceil(left)} s` : `${Math.ceil(left / 60)} min`} left`]),
  ].join(', ');
}

const steps = {
  rows: [
    [1e9, ' billion'],
    [1e6, ' million'],
  ],
  bytes: [
    [2 ** 40, ' TiB'],
    [2 ** 30, ' GiB'],
    [2 ** 20, ' MiB'],
    [2 ** 10, ' KiB'],
    [1, ' B'],
  ],
} as const;

/** `1.2 GiB` */
export function bytesWords(bytes: number): string {
  return amount(bytes, 'bytes');
}

function amount(value: number, unit: Progress['unit']): string {
  const step = steps[unit].find(([size]) => value >= size);
  return step === undefined
    ? String(Math.round(value))
    : `${(value / step[0]).toFixed(step[0] === 1 ? 0 : 1)}${step[1]}`;
}
