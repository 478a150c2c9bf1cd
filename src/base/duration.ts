/** Units as Prometheus writes them, in seconds. A year has 365 days. */
const units: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};

const form = /^(?:\d{1,9}(?:\.\d{1,6})?(?:ms|s|m|h|d|w|y))+$/;
const part = /(\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)/g;

/** Seconds in a text such as `60s`, `5m`, `30d`, `1h30m` or `0.5s`; undefined when it is none. A number without unit is none. */
export function parseDuration(text: string): number | undefined {
  if (!form.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(part)) seconds += Number(amount) * (units[unit ?? ''] ?? 0);
  return seconds;
}
