import path from 'node:path/posix';
import type { LoginAction } from '../../domain/action.js';
import type { Comer, Peer, RehearseAction } from '../../domain/certificate-action.js';
import type { Scene } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import { changedChannels, downstream, sourceOf, type Exchange } from './exchange.js';

/**
 * Everybody who would meet what is new, in both directions: those who replicate from the server and Lockstep itself
 * check what it serves; its sources check what it presents.
 */
export function handshakes(exchange: Exchange, scene: Scene, noteAs: string): RehearseAction {
  const { holder, leaves, trust } = exchange;
  const drops = trust.some(({ file, drop }) => file === holder.trust && drop.length > 0);
  return {
    kind: 'rehearse-certificates',
    on: holder.name,
    directory: holder.own.directory,
    ...(holder.site.keys === 'host' ? { keysStay: true } : {}),
    // Whoever would meet the same certificate again has met it.
    serves: leaves.length === 0 ? undefined : { pair: holder.pair, peers: peersOf(exchange, scene) },
    presents: (leaves.length === 0 ? [] : changedChannels(exchange)).flatMap(({ channel, pair }) => {
      const source = sourceOf(holder, channel.name, scene);
      const file = source?.facts?.tls?.caFile;
      if (pair === undefined || source === undefined || file === undefined || !isReached(source.name, scene)) return [];
      return [{ pair, to: { name: source.name, file: { on: source.name, path: file } } }];
    }),
    ...(drops && holder.trust !== undefined
      ? { admits: { file: holder.trust, peers: comersOf(exchange, scene) } }
      : {}),
    noteAs,
  };
}

/** Who comes to the server with a pair that Lockstep can read: its replicas, unless their keys stay there, and Lockstep itself. */
function comersOf({ holder }: Exchange, scene: Scene): readonly Comer[] {
  const readable = holder.site.keys === 'host' ? [] : downstream(holder, scene);
  const replicas = readable.flatMap(({ replica, channel, words }): readonly Comer[] => {
    const { certFile, keyFile } = channel.tls;
    if (certFile === undefined || keyFile === undefined || !isReached(replica, scene)) return [];
    return [{ name: words, files: { on: replica, certificate: certFile, key: keyFile } }];
  });
  const presents = holder.own.checked !== undefined && scene.rotation?.own !== undefined;
  return [...replicas, ...(presents ? [{ name: 'Lockstep', files: 'lockstep' as const }] : [])];
}

/** Logins at its sources with the very files that its channels would use, where Lockstep has the password. */
export function logins(exchange: Exchange, scene: Scene, note: string): readonly LoginAction[] {
  const { holder } = exchange;
  const { replication } = scene.site.accounts;
  // A login there would need the key here.
  if (holder.site.keys === 'host') return [];
  return changedChannels(exchange).flatMap(({ channel, pair, trust }, index) => {
    if (channel.source.user !== replication?.user || channel.io === 'stopped' || !channel.tls.enabled) return [];
    const next = (file: string) => path.join(holder.own.directory, 'next', file);
    const caFile = trust === undefined ? channel.tls.caFile : next(trust);
    if (caFile === undefined) return [];
    return [
      {
        kind: 'login' as const,
        to: { host: channel.source.host, port: channel.source.port },
        user: channel.source.user,
        password: 'replication' as const,
        filesOf: holder.name,
        tls: {
          caFile,
          certFile: pair && next(pair.certificate),
          keyFile: pair && next(pair.key),
          verify: channel.tls.verify,
        },
        noteAs: `${note}-login-${index + 1}`,
      },
    ];
  });
}

function peersOf(exchange: Exchange, scene: Scene): readonly Peer[] {
  const { holder } = exchange;
  const lockstep: readonly Peer[] =
    holder.own.checked === undefined ? [] : [{ name: 'Lockstep', file: 'lockstep', expects: holder.own.checked.name }];
  const replicas = downstream(holder, scene).flatMap(({ replica, channel, words }): readonly Peer[] => {
    if (!channel.tls.enabled || channel.tls.caFile === undefined || !isReached(replica, scene)) return [];
    const expects = channel.tls.verify ? channel.source.host : undefined;
    return [{ name: words, file: { on: replica, path: channel.tls.caFile }, expects }];
  });
  return [...replicas, ...lockstep];
}

/** Whether its files can be read. */
export function isReached(server: ServerName, { site }: Scene): boolean {
  return site.servers.find(({ name }) => name === server)?.host !== undefined;
}
