import { LockstepError, messageOf } from '../../base/errors.js';
import { Secret } from '../../base/secret.js';
import type { Comer, FilePair, RehearseAction, Truster } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
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
  const { directory, serves, presents, admits, noteAs } = action;
  const all = new Generations(host, directory, signal);
  const pairOf = async ({ certificate, key }: FilePair): Promise<Pair> => {
    const [cert, secret] = await Promise.all(
      [certificate, key].map((file) => host.read(all.at('next', file), { signal })),
    );
    return { cert: cert?.toString() ?? '', key: new Secret(secret?.toString() ?? '') };
  };
  let handshakes = 0;
  if (serves !== undefined) {
    const pair = await pairOf(serves.pair);
    for (const peer of serves.peers) {
      await refusedBy(peer.name, `the new certificate of ${action.on}`, async () =>
        acceptsServer(pair, peer.expects, await trust(peer.file, signal), signal),
      );
      handshakes += 1;
    }
  }
  for (const { pair, to } of presents) {
    const client = await pairOf(pair);
    await refusedBy(to.name, `the new certificate of ${action.on} as a replica`, async () =>
      acceptsClient(client, await trust(to.file, signal), signal),
    );
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
