import path from 'node:path';
import { LockstepError } from '../../base/errors.js';
import { x509sOf } from '../../base/x509.js';
import type { TrustAction } from '../../domain/certificate-action.js';
import type { Host } from '../../hosts/host.js';
import { changedBundle, type Authorities } from './bundle-file.js';

/**
 * Changes a file of authorities that stands by itself: whole or not at all. What it held is kept beside it.
 * @throws LockstepError `trust-unreadable` where no authority is read from it, `trust-empty`, those of the host
 */
export async function changeTrust(
  action: TrustAction,
  host: Host,
  authorities: Authorities,
  signal: AbortSignal,
): Promise<void> {
  const file = await followed(action.file, host, signal);
  const before = (await host.read(file, { signal })).toString();
  if (x509sOf(before).length === 0)
    throw new LockstepError('trust-unreadable', `${host.name}: ${JSON.stringify(file)} holds no authority`);
  await host.write(file, await changedBundle(before, action, authorities), { signal, keepPrevious: true });
}

/** Where links lead in the end: what they name is replaced, and they stay. */
async function followed(file: string, host: Host, signal: AbortSignal, links = 8): Promise<string> {
  const facts = await host.stat(file, { signal });
  if (facts?.kind !== 'symlink' || facts.target === undefined || links === 0) return file;
  return followed(path.posix.resolve(path.posix.dirname(file), facts.target), host, signal, links - 1);
}
