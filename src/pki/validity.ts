import { LockstepError } from '../base/errors.js';

/** When a certificate holds; both ends inclusive, whole seconds, as X.509 writes them. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export interface ValidityWish {
  /** Counted from `notBefore` where given, else from now. Not together with `notAfter`. */
  readonly days?: number | undefined;
  /** Default: five minutes ago, so that a machine whose clock is a little behind accepts the certificate at once. */
  readonly notBefore?: Date | undefined;
  readonly notAfter?: Date | undefined;
}

/**
 * @param now milliseconds since the Unix epoch
 * @throws LockstepError `validity-invalid`
 */
export function validityOf(wish: ValidityWish, defaultDays: number, now: number): Validity {
  const { days, notBefore, notAfter } = wish;
  if (days !== undefined && notAfter !== undefined) {
    throw fault(`both ${days} days and an end at ${shown(notAfter)} were given`, 'Give one of them.');
  }
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= longestDays)) {
    throw fault(`${days} is not a number of days`, `Give a whole number from 1 to ${longestDays}.`);
  }
  for (const date of [notBefore, notAfter]) {
    if (date !== undefined && Number.isNaN(date.getTime())) throw fault('one of the dates given is not a date');
  }
  const start = notBefore?.getTime() ?? now;
  const found = {
    notBefore: wholeSecond(notBefore?.getTime() ?? now - backdating),
    notAfter: wholeSecond(notAfter?.getTime() ?? start + (days ?? defaultDays) * day),
  };
  if (found.notAfter <= found.notBefore) {
    throw fault(
      `a certificate from ${shown(found.notBefore)} to ${shown(found.notAfter)} never holds`,
      'Give an end after the start.',
    );
  }
  if (found.notAfter.getUTCFullYear() > 9999 || found.notBefore.getUTCFullYear() < 1950) {
    throw fault(
      `a certificate from ${shown(found.notBefore)} to ${shown(found.notAfter)} cannot be written`,
      'Give dates between the years 1950 and 9999.',
    );
  }
  return found;
}

const day = 86_400_000;
const backdating = 5 * 60_000;
const longestDays = 36_500;

function wholeSecond(milliseconds: number): Date {
  return new Date(Math.floor(milliseconds / 1000) * 1000);
}

function shown(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'an unreadable date' : date.toISOString();
}

function fault(message: string, remedy?: string): LockstepError {
  return new LockstepError('validity-invalid', message, remedy);
}
