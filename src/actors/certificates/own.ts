import { LockstepError, messageOf } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import { certificateOf } from '../../base/x509.js';
import type { OwnLogin, OwnPlace } from '../../domain/own-certificate.js';
import type { OwnCertificateAction, SeeOwnAction, TryOwnAction } from '../../domain/own-certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import { openSession, type Target } from '../../mysql/session.js';
import type { Authorities } from './bundle-file.js';
import type { Pair } from './handshake.js';
import { discard, place } from './place.js';
import { stage } from './stage.js';

/** How Lockstep's own certificate is changed and shown. */
export interface OwnReach {
  /** Lockstep's own machine, where it may change one directory. Whoever asks closes it. */
  ownHost(directory: string): Host;
  /** How Lockstep logs in to a server of any cluster, on each of its accounts, from the files of now. @throws LockstepError `unknown-server` */
  ownTargets(login: OwnLogin): Promise<readonly Target[]>;
}

/** How many servers are logged in to at once. */
const atOnce = 16;

export async function ownCertificateAction(
  action: OwnCertificateAction,
  reach: OwnReach & { readonly authority: Authorities },
  notes: Notes,
  signal: AbortSignal,
): Promise<Notes> {
  if (action.act === 'see') return see(action, reach, notes, signal);
  const { directory, below, certificate, key } = action.place;
  const host = reach.ownHost(directory);
  const there = { on: 'lockstep', directory, below } as const;
  const files = [certificate, key];
  try {
    switch (action.act) {
      case 'stage': {
        const { leaf, noteAs } = action;
        return await stage({ kind: 'stage-certificates', ...there, files, leaves: [leaf], trust: [], noteAs }, host, reach.authority, signal); // prettier-ignore
      }
      case 'try':
        return await tryNext(action, await nextPair(host, action.place, signal), reach, signal);
      case 'place': {
        const { generation, over } = action;
        return await place({ kind: 'place-certificates', ...there, files, generation, over }, host, notes, signal);
      }
      case 'discard':
        return await discard({ kind: 'discard-certificates', ...there, noteAs: action.noteAs }, host, signal);
    }
  } finally {
    await host.close();
  }
}

async function nextPair(host: Host, { directory, below, ...pair }: OwnPlace, signal: AbortSignal): Promise<Pair> {
  const read = async (name: string) => (await host.read(`${directory}/${below}/next/${name}`, { signal })).toString();
  return { cert: await read(pair.certificate), key: new Secret(await read(pair.key)) };
}

/** @throws LockstepError `rehearsal-failed` naming the first that does not let it in */
async function tryNext(
  { logins, unseenAs, noteAs }: TryOwnAction,
  { cert, key }: Pair,
  reach: OwnReach,
  signal: AbortSignal,
): Promise<Notes> {
  const unseen: string[] = [];
  await each(logins, reach, async (who, target) => {
    try {
      await letIn({ ...target, tls: target.tls && { ...target.tls, cert, key } }, signal);
    } catch (cause) {
      // Where the present pair is not let in either, it is not for the certificate.
      if (unseenAs !== undefined && !signal.aborted && !(await isLetIn(target, signal))) unseen.push(who);
      else
        throw new LockstepError(
          'rehearsal-failed',
          `${who} is not let in with the new certificate: ${messageOf(cause)}`,
          'Nothing was changed for anybody. Look at whom that server trusts, and at what the account requires.',
          { cause },
        );
    }
  });
  return {
    ...(unseenAs === undefined ? {} : { [unseenAs]: unseen.sort().join(',') }),
    [noteAs]: String(logins.length),
  };
}

async function isLetIn(target: Target, signal: AbortSignal): Promise<boolean> {
  try {
    await letIn(target, signal);
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}

/** @throws LockstepError `another-presented`; LoginError */
async function see(
  { logins, expects, without, noteAs }: SeeOwnAction,
  reach: OwnReach,
  notes: Notes,
  signal: AbortSignal,
): Promise<Notes> {
  const left = (without === undefined ? '' : (notes[without.note] ?? '')).split(',');
  await each(logins, reach, async (who, target) => {
    const { cert } = target.tls ?? {};
    const presented = cert === undefined ? undefined : certificateOf(cert.toString());
    if (presented?.fingerprint !== notes[expects.note])
      throw new LockstepError(
        'another-presented',
        `Lockstep presents ${presented === undefined ? 'nothing' : `"${presented.subject}", ${presented.serial}`}, and not the certificate that was made for it`,
        'Somebody else changes the same files.',
      );
    if (!left.includes(who)) await letIn(target, signal);
  });
  return { [noteAs]: String(logins.length) };
}

async function letIn(target: Target, signal: AbortSignal): Promise<void> {
  const session = await openSession(target, { signal });
  await session.end();
}

/** @param work is told who logs in where: `lockstep_monitor on production/db1` */
async function each(
  logins: readonly OwnLogin[],
  reach: OwnReach,
  work: (who: string, target: Target) => Promise<void>,
): Promise<void> {
  const one = async (login: OwnLogin) => {
    for (const target of await reach.ownTargets(login))
      await work(`${target.user} on ${login.cluster}/${login.server}`, target);
  };
  for (let first = 0; first < logins.length; first += atOnce)
    await Promise.all(logins.slice(first, first + atOnce).map(one));
}
