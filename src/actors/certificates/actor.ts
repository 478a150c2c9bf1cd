import { LockstepError } from '../../base/errors.js';
import type { CertificateAction } from '../../domain/certificate-action.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import type { Target } from '../../mysql/session.js';
import { checkConfiguration } from './check-configuration.js';
import { meet } from './meet.js';
import { optionFile } from './option-file.js';
import { discard, place } from './place.js';
import { rehearseCertificates, type TrustReader } from './rehearse.js';
import { restart } from './restart.js';
import { stage, type Authorities } from './stage.js';

/** What is needed to change certificates of one cluster. */
export interface CertificateReach {
  /** The machine of a server; undefined where Lockstep does not reach it. Whoever asks closes it. */
  host(server: ServerName): Host | undefined;
  /** @throws LockstepError `authority-unknown`, those of the authority */
  readonly authority: Authorities;
  /** What Lockstep itself trusts of the cluster's servers, PEM. */
  trusted(): Promise<string>;
  /** How to log in on the operate account. @throws LockstepError `unknown-server` */
  target(server: ServerName): Promise<Target>;
}

export async function certificateAction(
  action: CertificateAction,
  reach: CertificateReach,
  notes: Notes,
  signal: AbortSignal,
): Promise<Notes> {
  const host = reach.host(action.on);
  if (host === undefined)
    throw new LockstepError('no-host', `Lockstep does not reach the machine of ${action.on}`, 'Configure its `hosts`.');
  try {
    switch (action.kind) {
      case 'stage-certificates':
        return await stage(action, host, reach.authority, signal);
      case 'rehearse-certificates':
        return await rehearseCertificates(action, host, trustOf(reach), signal);
      case 'place-certificates':
        return await place(action, host, notes, signal);
      case 'discard-certificates':
        return await discard(action, host, signal);
      case 'option-file':
        return await optionFile(action, host, notes, signal);
      case 'check-configuration':
        return await checkConfiguration(action, host, signal);
      case 'meet-certificate':
        return await meet(action, await reach.target(action.on), reach.authority, notes, signal);
      case 'restart':
        return await restart(action, host, await reach.target(action.on), signal);
    }
  } finally {
    await host.close();
  }
}

function trustOf(reach: CertificateReach): TrustReader {
  return async (file, signal) => {
    if (file === 'lockstep') return reach.trusted();
    const host = reach.host(file.on);
    if (host === undefined) throw new LockstepError('no-host', `Lockstep does not reach the machine of ${file.on}`);
    try {
      return (await host.read(file.path, { signal })).toString();
    } finally {
      await host.close();
    }
  };
}
