import { LockstepError } from '../base/errors.js';
import type { Row } from './question.js';

/** Text of a column that every answer of its kind holds. @throws LockstepError `unexpected-answer` when it is missing or NULL */
export function text(row: Row, name: string): string {
  const value = row[name];
  if (value === undefined || value === null)
    throw new LockstepError(
      'unexpected-answer',
      `the server's answer lacks a value for ${name}; it has ${Object.keys(row).join(', ') || 'nothing'}`,
      'check that the address is that of a MySQL or MariaDB server, not of a proxy that rewrites answers',
    );
  return value;
}

/** Text that may be missing: undefined for NULL, no such column, and ''. */
export function optionalText(row: Row, name: string): string | undefined {
  const value = row[name] ?? '';
  return value === '' ? undefined : value;
}

/** @throws LockstepError `unexpected-answer` when it is missing, NULL or not a number */
export function number(row: Row, name: string): number {
  const value = Number(text(row, name));
  if (Number.isNaN(value))
    throw new LockstepError(
      'unexpected-answer',
      `the server's answer has ${name}=${text(row, name)}, which is not a number`,
    );
  return value;
}

/** A number that may be missing: undefined for NULL, no such column, '' and what is not a number. */
export function optionalNumber(row: Row, name: string): number | undefined {
  const value = Number(optionalText(row, name));
  return Number.isNaN(value) ? undefined : value;
}

/** A time in seconds, where the server writes 0 for never. */
export function optionalTime(row: Row, name: string): number | undefined {
  const value = optionalNumber(row, name);
  return value === 0 ? undefined : value;
}

/** Both ways in which servers write a switch: 1 or 0 in a SELECT, ON or OFF in a SHOW, Yes or No in a status. */
export function isOn(value: string | null | undefined): boolean {
  return value !== undefined && value !== null && /^(?:1|on|yes|enabled)$/i.test(value);
}

/** The rows of SHOW VARIABLES and SHOW STATUS as one row, names in lower case: servers differ in how they write them. */
export function named(rows: readonly Row[], name = 'Variable_name', value = 'Value'): Row {
  return Object.fromEntries(rows.map((row) => [text(row, name).toLowerCase(), row[value] ?? null]));
}

/** GTID sets are wrapped at commas with line feeds. */
export function withoutSpace(value: string): string {
  return value.replaceAll(/\s+/g, '');
}
