import { plainSql, sql, type Statement } from '../domain/action.js';
import type { ConfigurationCheck } from '../domain/certificate-action.js';
import type { TlsFacts } from '../domain/snapshot.js';
import type { Column } from './capabilities.js';
import { reloadTls } from './tls-statements.js';

/** Certificate, key and authorities of a server: paths on its machine. */
export interface TlsPaths {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Settings of an option file, in order; `true` is a bare name. */
export type OptionLines = readonly (readonly [name: string, value: string | true])[];

/** What turns TLS on at the next start: `ssl` beside the files where the version has it, and never where it refuses it. */
export function tlsOptions(column: Column, { caFile, certFile, keyFile }: TlsPaths): OptionLines {
  return [
    ...(column.sslOption ? ([['ssl', true]] as const) : []),
    ['ssl_ca', caFile],
    ['ssl_cert', certFile],
    ['ssl_key', keyFile],
    ...(column.tlsVersions === undefined ? [] : ([['tls_version', column.tlsVersions]] as const)),
  ];
}

/**
 * How a server's own program is asked about the configuration that it would start with; nothing is started. The program reads all option files as at a start and ends with an error where it would not start; then it prints what
 * has come of them, so that a line of a later file is seen that takes ours back.
 * @param asWords the options are given as words, and stand in no file yet
 */
export function configurationChecks(
  column: Column,
  options: OptionLines,
  asWords: boolean,
): readonly ConfigurationCheck[] {
  const given = asWords ? options.map(([name, value]) => `--${dashed(name)}${value === true ? '' : `=${value}`}`) : [];
  const expects = Object.fromEntries(
    options.map(([name, value]) => [dashed(name), value === true ? 'TRUE' : value] as const),
  );
  return [
    ...(column.validatesConfig ? [{ words: [...given, '--validate-config'] }] : []),
    { words: [...given, '--verbose', '--help'], expects },
  ];
}

/** Turns TLS on without a restart; for the next start there is the option file. @returns undefined where only a start does */
export function turnTlsOn(column: Column, { caFile, certFile, keyFile }: TlsPaths): readonly Statement[] | undefined {
  const reload = reloadTls(column);
  if (!column.settableTls || reload === undefined) return undefined;
  return [
    sql`SET GLOBAL ssl_ca = ${caFile}, ssl_cert = ${certFile}, ssl_key = ${keyFile}, tls_version = ${column.tlsVersions ?? ''}`,
    reload,
  ];
}

/**
 * Back to what was set before, which was no TLS: the one place where files that are no good are told to turn it off
 * rather than to be refused.
 */
export function turnTlsOff(
  before: Pick<TlsFacts, 'caFile' | 'certFile' | 'keyFile' | 'versions'>,
): readonly Statement[] {
  const { caFile = '', certFile = '', keyFile = '', versions } = before;
  return [
    sql`SET GLOBAL ssl_ca = ${caFile}, ssl_cert = ${certFile}, ssl_key = ${keyFile}, tls_version = ${versions.join(',')}`,
    plainSql('ALTER INSTANCE RELOAD TLS NO ROLLBACK ON ERROR'),
  ];
}

function dashed(name: string): string {
  return name.replaceAll('_', '-');
}
