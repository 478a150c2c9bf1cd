import { LockstepError } from '../../base/errors.js';
import type { MeetAction } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import { openSession, type Target } from '../../mysql/session.js';
import type { Authorities } from './bundle-file.js';

/** @throws LockstepError `another-served`; LoginError: `tls-not-offered`, `tls-unverified` and all others */
export async function meet(
  { on, authority, expects, noteAs }: MeetAction,
  target: Target,
  authorities: Authorities,
  notes: Notes,
  signal: AbortSignal,
): Promise<Notes> {
  const { authorityPem } = await authorities(authority);
  // Where logins are configured without TLS, nothing else says whom to trust.
  const tls = target.tls ?? { verify: 'identity', ca: authorityPem };
  const session = await openSession({ ...target, tls }, { signal });
  await session.end();
  const [served] = session.handshake.chain;
  if (served === undefined || served.fingerprint !== notes[expects.note])
    throw new LockstepError(
      'another-served',
      `${on} serves ${served === undefined ? 'no certificate' : `that of "${served.subject}", ${served.serial}`}, and not the one that was made for it`,
      'Look at ssl_cert of the server: another file, or somebody who changes the same one.',
    );
  return { [noteAs]: served.fingerprint };
}
