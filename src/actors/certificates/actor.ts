import { LockstepError } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import type { CertificateAction, Comer } from '../../domain/certificate-action.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import type { Target } from '../../mysql/session.js';
import type { Authorities } from './bundle-file.js';
import type { Pair } from './handshake.js';
import { checkConfiguration } from './check-configuration.js';
import { meet } from './meet.js';
import { ownCertificateAction, type OwnReach } from './own.js';
import { optionFile } from './option-file.js';
import { discard, place } from './place.js';
import { proveAuthority } from './prove.js';
import { rehearseCertificates, type PairReader, type TrustReader } from './rehearse.js';
import { restart } from './restart.js';
import { stage } from './stage.js';
import { changeTrust } from './trust.js';

/** What is needed to change certificates of one cluster. */
export interface CertificateReach extends OwnReach {
  /** The machine of a server; undefined where Lockstep does not reach it. Whoever asks closes it. */
  host(server: ServerName): Host | undefined;
  /** The machine of an application, or Lockstep's own, and the file there of those whom it trusts; undefined where there is none. Whoever asks closes it. */
  outsider(name: string): { readonly host: Host; readonly file: string } | undefined;
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
  const there = <T>({ on: server }: { readonly on: ServerName }, work: (host: Host) => Promise<T>) =>
    on(reach.host(server), server, work);
  switch (action.kind) {
    case 'stage-certificates':
      return there(action, (host) => stage(action, host, reach.authority, signal));
    case 'rehearse-certificates':
      return there(action, (host) =>
        rehearseCertificates(action, host, trustOf(reach), presentedBy(reach, action.on), signal),
      );
    case 'place-certificates':
      return there(action, (host) => place(action, host, notes, signal));
    case 'discard-certificates':
      return there(action, (host) => discard(action, host, signal));
    case 'option-file':
      return there(action, (host) => optionFile(action, host, notes, signal));
    case 'check-configuration':
      return there(action, (host) => checkConfiguration(action, host, signal));
    case 'restart':
      return there(action, async (host) => restart(action, host, await reach.target(action.on), signal));
    case 'meet-certificate':
      return meet(action, await reach.target(action.on), reach.authority, notes, signal);
    case 'own-certificate':
      return ownCertificateAction(action, reach, notes, signal);
    case 'change-trust': {
      const found = reach.outsider(action.outsider);
      await on(found?.host, action.outsider, (host) => changeTrust(action, host, reach.authority, signal));
      return {};
    }
    case 'prove-authority': {
      const authority = await reach.authority(action.authority);
      return proveAuthority(action, authority, (server) => reach.target(server), trustOf(reach), signal);
    }
  }
}

function trustOf(reach: CertificateReach): TrustReader {
  return async (file, signal) => {
    if (file === 'lockstep') return reach.trusted();
    if ('outsider' in file) {
      const found = reach.outsider(file.outsider);
      return on(found?.host, file.outsider, async (host) =>
        (await host.read(found?.file ?? '', { signal })).toString(),
      );
    }
    return on(reach.host(file.on), file.on, async (host) => (await host.read(file.path, { signal })).toString());
  };
}

/** @param server to which they come */
function presentedBy(reach: CertificateReach, server: ServerName): PairReader {
  return async (files: Comer['files'], signal): Promise<Pair | undefined> => {
    if (files === 'lockstep') {
      const { cert, key } = (await reach.target(server)).tls ?? {};
      if (cert === undefined || key === undefined) return undefined;
      return { cert: cert.toString(), key: key instanceof Secret ? key : new Secret(key.toString()) };
    }
    return on(reach.host(files.on), files.on, async (host) => {
      const [cert, key] = await Promise.all(
        [files.certificate, files.key].map(async (file) => (await host.read(file, { signal })).toString()),
      );
      return { cert: cert ?? '', key: new Secret(key ?? '') };
    });
  };
}

async function on<T>(host: Host | undefined, whose: string, work: (host: Host) => Promise<T>): Promise<T> {
  if (host === undefined)
    throw new LockstepError('no-host', `Lockstep does not reach the machine of ${whose}`, 'Configure its `hosts`.');
  try {
    return await work(host);
  } finally {
    await host.close();
  }
}
