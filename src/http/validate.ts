import type { z } from 'zod';
import { Problem } from './problem.js';

/** Faults shown of one request; the first tell enough. */
const mostFaults = 20;

/**
 * What was sent, through its schema.
 * @param what where it stands, for the message: `the body`
 * @throws Problem of this code, with every fault
 */
export function validated<T>(
  schema: z.ZodType<T>,
  given: unknown,
  what: string,
  code: 'body-invalid' | 'payload-malformed' | 'query-invalid',
): T {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const faults = result.error.issues.slice(0, mostFaults).map(({ path, message }) => ({
    path: path.map(String).join('.'),
    message,
  }));
  const shown = faults.slice(0, 3).map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  throw new Problem(code, `${what} is not as it should be: ${shown.join('; ')}`, { members: { faults } });
}
