import { LockstepError, messageOf } from '../base/errors.js';
import { Secret } from '../base/secret.js';
import type { LoginAction } from '../domain/action.js';
import type { ServerName } from '../domain/snapshot.js';
import { openSession } from '../mysql/session.js';
import type { Reach } from './sql-actor.js';

/** Reads a whole file on a machine. */
export type FileReader = (path: string, signal: AbortSignal) => Promise<Buffer>;

/**
 * Logs in as a replica would, with the files that the replica would use, and leaves.
 * @returns the protocol that was negotiated, `TLSv1.3`
 * @throws LockstepError `rehearsal-failed` with what stands in the way
 */
export async function rehearse(action: LoginAction, reach: Reach, signal: AbortSignal): Promise<string> {
  const { to, user, password, filesOf, tls } = action;
  const reader = reach.files(filesOf);
  if (reader === undefined)
    throw new LockstepError(
      'rehearsal-failed',
      `Lockstep does not reach the files of ${filesOf}`,
      'Configure its hosts.',
    );
  try {
    const read = async (file: string | undefined) => (file === undefined ? undefined : reader(file, signal));
    const [ca, cert, key] = await Promise.all([read(tls.caFile), read(tls.certFile), read(tls.keyFile)]);
    const session = await openSession(
      {
        address: to,
        user,
        password: () => reach.secret(password),
        tls: {
          verify: tls.verify ? 'identity' : 'ca',
          ...(ca === undefined ? {} : { ca }),
          ...(cert === undefined ? {} : { cert }),
          ...(key === undefined ? {} : { key: new Secret(key.toString()) }),
        },
      },
      { signal },
    );
    await session.end();
    return session.handshake.protocol ?? '';
  } catch (cause) {
    throw failed(filesOf, to, cause);
  }
}

function failed(filesOf: ServerName, to: LoginAction['to'], cause: unknown): LockstepError {
  const message = `with the files of ${filesOf} a login at ${to.host}:${to.port} fails: ${messageOf(cause)}`;
  const remedy = cause instanceof LockstepError ? cause.remedy : undefined;
  return new LockstepError('rehearsal-failed', message, remedy, { cause });
}
