import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { adviceOf } from '../base/errors.js';
import type { AuthorityConfig, Config } from '../config/config.js';
import { readSecret } from '../config/secrets.js';
import { openAuthority } from '../pki/authority.js';
import type { Colours } from './colours.js';

/** An authority of the configuration, as far as it can be opened. */
export interface CheckedAuthority {
  readonly name: string;
  readonly directory: string;
  /** One line, `O=Example, CN=Databases`; undefined: it cannot be opened. */
  readonly subject: string | undefined;
  /** When it ends, ISO 8601. */
  readonly notAfter: string | undefined;
  /** Whether certificates can be issued here; false: its key is elsewhere. */
  readonly issues: boolean;
  readonly faults: readonly string[];
}

/** Opens every authority that the configuration names, as issuing would: with its key and its passphrase. */
export async function checkedAuthorities(config: Config, now = Date.now()): Promise<readonly CheckedAuthority[]> {
  return Promise.all(config.authorities.map((authority) => checked(authority, soon(config, authority.name), now)));
}

export function authorityReport(authorities: readonly CheckedAuthority[], colours: Colours): readonly string[] {
  if (authorities.length === 0) return [];
  return [
    colours.bold('authorities'),
    ...authorities.flatMap(({ name, directory, subject, notAfter, issues, faults }) => [
      `  ${faults.length === 0 ? colours.green('✔') : colours.red('✖')} ${name}  ${colours.dim(directory)}${subject === undefined ? '' : `  ${subject}, until ${(notAfter ?? '').slice(0, 10)}`}`,
      ...(subject === undefined || issues ? [] : ['      its key is elsewhere: nothing is issued here']),
      ...faults.map((fault) => `      ${colours.red(fault)}`),
    ]),
    '',
  ];
}

async function checked(
  { name, directory, passphrase }: AuthorityConfig,
  soonSeconds: number,
  now: number,
): Promise<CheckedAuthority> {
  const exposed = await exposedTo(directory);
  try {
    const { certificate, key } = await openAuthority({
      directory,
      passphrase: passphrase && (await readSecret(passphrase)),
    });
    const ending = endingOf(certificate, soonSeconds, now / 1000);
    return {
      name,
      directory,
      subject: certificate.subject,
      notAfter: new Date(certificate.notAfter * 1000).toISOString(),
      issues: key !== undefined,
      faults: [...exposed, ...ending, ...(key === undefined ? [] : await unwritable(directory))],
    };
  } catch (cause) {
    const faults = [...exposed, adviceOf(cause)];
    return { name, directory, subject: undefined, notAfter: undefined, issues: false, faults };
  }
}

function endingOf(
  { notBefore, notAfter }: { readonly notBefore: number; readonly notAfter: number },
  soonSeconds: number,
  now: number,
): readonly string[] {
  const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 10);
  if (notBefore > now) return [`It is not valid before ${day(notBefore)}: look at the clock of this machine.`];
  if (notAfter <= now)
    return [`It ended on ${day(notAfter)}, and everything by it is refused: docs/runbooks/CaExpiring.md.`];
  if (notAfter > now + soonSeconds) return [];
  return [
    `It ends on ${day(notAfter)}, and no certificate by it outlives it: let a new one be trusted in time (docs/runbooks/CaExpiring.md).`,
  ];
}

/** The directory itself; that its key is closed opening it checks. */
async function exposedTo(directory: string): Promise<readonly string[]> {
  const mode = (await stat(directory).catch(() => undefined))?.mode;
  if (mode === undefined || (mode & 0o077) === 0) return [];
  return [`${directory} is open to other users (mode ${(mode & 0o777).toString(8)}): chmod 700 ${directory}`];
}

/** Each certificate is in the ledger before anybody gets it. */
async function unwritable(directory: string): Promise<readonly string[]> {
  return access(directory, constants.W_OK).then(
    () => [],
    () => [`${directory} cannot be written by this user, and what is issued is recorded there: nothing can be issued.`],
  );
}

/** The largest threshold of the clusters that use it, seconds. */
function soon({ clusters }: Config, name: string): number {
  const theirs = clusters.filter(({ serverTls }) => serverTls?.authority === name);
  return Math.max(0, ...(theirs.length === 0 ? clusters : theirs).map(({ thresholds }) => thresholds.authority));
}
