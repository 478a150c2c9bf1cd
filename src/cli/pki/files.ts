import { readFile, stat } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { LockstepError, messageOf } from '../../base/errors.js';
import { parseDuration } from '../../base/duration.js';
import { bundle } from '../../pki/bundle.js';
import type { Certified } from '../../pki/issue.js';
import type { WrittenFiles } from '../../pki/written.js';

export async function text(file: string): Promise<string> {
  return (await bytes(file)).toString();
}

export async function bytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new LockstepError(
      'file-unreadable',
      `${file} cannot be read: ${messageOf(cause)}`,
      'Check the path and the rights on it.',
      { cause },
    );
  }
}

/** undefined when there is no such file. */
export async function contentOf(file: string): Promise<string | undefined> {
  return (await stat(file).catch(() => undefined)) === undefined ? undefined : text(file);
}

/** @throws LockstepError `file-exists` */
export async function refuseExisting(files: readonly string[]): Promise<void> {
  for (const file of files) if ((await contentOf(file)) !== undefined) throw exists(file, 'exists already');
}

/** @throws LockstepError `file-exists` when the file trusts others than this authority */
export async function refuseOtherTrust(files: WrittenFiles, authorityPem: string): Promise<void> {
  const trusted = await contentOf(files.authority);
  if (trusted !== undefined && trusted !== authorityPem) throw exists(files.authority, 'holds other authorities');
}

/** The same with `ca.pem` as it will stand: whom it trusts already, it goes on to trust. */
export async function trustingAlso<T extends Certified>(issued: T, files: WrittenFiles): Promise<T> {
  const trusted = await contentOf(files.authority);
  return trusted === undefined || trusted.trim() === ''
    ? issued
    : { ...issued, authorityPem: bundle([trusted, issued.authorityPem]).pem };
}

export function exists(file: string, what: string): LockstepError {
  return new LockstepError(
    'file-exists',
    `${file} ${what}`,
    'Name another place by --out, or add --replace where the command takes it.',
  );
}

export function given(value: string | undefined, flag: string, command: string): string {
  if (value !== undefined) return value;
  throw new LockstepError('usage', `${flag} is missing`, `See: lockstep pki ${command} --help`);
}

export function wholeNumber(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('It is not a whole number.');
  return Number(value);
}

export function isoDate(value: string): Date {
  const date = new Date(value);
  if (!/^\d{4}-\d\d-\d\d/.test(value) || Number.isNaN(date.getTime())) {
    throw new InvalidArgumentError('It is not a date like 2026-12-31 or 2026-12-31T12:00:00Z.');
  }
  return date;
}

/** Seconds. */
export function span(value: string): number {
  const seconds = parseDuration(value);
  if (seconds === undefined) throw new InvalidArgumentError('It is not a duration such as 30d.');
  return seconds;
}

export function print(output: string): void {
  process.stdout.write(`${output}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}
