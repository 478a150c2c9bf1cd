import { LockstepError, messageOf } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import type { Comer, FilePair, RehearseAction, Truster } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import { belongs, verified, type Verdict } from './host-keys.js';
import { Generations } from './generations.js';
import { acceptsClient, acceptsServer, type Pair } from './handshake.js';

/** PEM of the authorities that somebody trusts. */
export type TrustReader = (of: Truster['file'], signal: AbortSignal) => Promise<string>;

/** What somebody presents now; undefined: nothing. */
export type PairReader = (of: Comer['files'], signal: AbortSignal) => Promise<Pair | undefined>;

/**
 * Shakes hands over loopback with what the next generation holds: presented as the server to everybody who connects to
 * it, and as a replica to everybody it connects to, each with the authorities that they trust.
 * @throws LockstepError `rehearsal-failed` naming who would refuse it, and why
 */
export async function rehearseCertificates(
  action: RehearseAction,
  host: Host,
  trust: TrustReader,
  presented: PairReader,
  signal: AbortSignal,
): Promise<Notes> {
  const { directory, serves, presents, admits, keysStay, noteAs } = action;
  const all = new Generations(host, directory, signal);
  const pairOf = async ({ certificate, key }: FilePair): Promise<Pair> => {
    const [cert, secret] = await Promise.all(
      [certificate, key].map((file) => host.read(all.at('next', file), { signal })),
    );
    return { cert: cert?.toString() ?? '', key: new Secret(secret?.toString() ?? '') };
  };
  /** Where its key stays, what everybody would check is checked on its machine. */
  const there = async ({ certificate, key }: FilePair, verdict: Verdict) => {
    await belongs(host, all.at('next', key), all.at('next', certificate), signal);
    await verified(host, all.at('next', certificate), verdict, signal);
  };
  let handshakes = 0;
  if (serves !== undefined) {
    const pair = keysStay === true ? undefined : await pairOf(serves.pair);
    for (const peer of serves.peers) {
      await refusedBy(peer.name, `the new certificate of ${action.on}`, async () => {
        const ca = await trust(peer.file, signal);
        if (pair !== undefined) await acceptsServer(pair, peer.expects, ca, signal);
        else await there(serves.pair, { ca, purpose: 'sslserver', expects: peer.expects });
      });
      handshakes += 1;
    }
  }
  for (const { pair, to } of presents) {
    await refusedBy(to.name, `the new certificate of ${action.on} as a replica`, async () => {
      const ca = await trust(to.file, signal);
      if (keysStay === true) await there(pair, { ca, purpose: 'sslclient', expects: undefined });
      else await acceptsClient(await pairOf(pair), ca, signal);
    });
    handshakes += 1;
  }
  for (const { name, files } of admits?.peers ?? []) {
    const client = await presented(files, signal);
    if (client === undefined) continue;
    const next = (await host.read(all.at('next', admits?.file ?? ''), { signal })).toString();
    await refusedBy(action.on, `the certificate of ${name}`, () => acceptsClient(client, next, signal));
    handshakes += 1;
  }
  return { [noteAs]: String(handshakes) };
}

async function refusedBy(who: string, whose: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw new LockstepError(
      'rehearsal-failed',
      `${who} would refuse ${whose}: ${messageOf(cause)}`,
      'Nothing was changed for anybody. Look at what they trust, at the names of the certificate and at its dates.',
      { cause },
    );
  }
}
