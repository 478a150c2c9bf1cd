import { createHash } from 'node:crypto';

/**
 * JSON with the keys of every object sorted and nothing undefined in it: equal values give equal text, whatever the
 * order in which they were put together.
 */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, given: unknown) =>
    typeof given === 'object' && given !== null && !Array.isArray(given)
      ? Object.fromEntries(Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1)))
      : given,
  );
}

/** SHA-256, 64 lower-case hex digits. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
