import type { Column } from '../../src/dialects/capabilities.js';
import type { Scene, SiteServer } from '../../src/domain/scene.js';
import type { Channel, ClusterSnapshot } from '../../src/domain/snapshot.js';
import { certificate, handshake, withChannel, withFacts, withServer } from '../domain/build.js';
import { clusterOf, site } from './scenes.js';

export const noTls: Channel['tls'] = {
  enabled: false,
  verify: false,
  caFile: undefined,
  certFile: undefined,
  keyFile: undefined,
  caPath: undefined,
  crlFile: undefined,
  crlPath: undefined,
  cipher: undefined,
  versions: undefined,
};
export const files = { caFile: '/own/ca.pem', certFile: '/own/cert.pem', keyFile: '/own/key.pem' };
export const byPosition: Partial<Channel> = { gtid: { mode: 'off', received: undefined } };
export const notVerifying: Partial<Channel> = { tls: { ...noTls, ...files, enabled: true } };
export const failed = (errno: number) => ({ errno, message: 'said so', time: undefined });

/** db2 replicates without TLS, and its source sees it. */
export function plaintext(column: Column, change: Partial<Channel> = {}): ClusterSnapshot {
  const own = handshake({ chain: [certificate({ names: ['db1.example'] })] });
  const named = withServer(clusterOf(column), 'db1', ({ login }) => ({ login: login && { ...login, handshake: own } }));
  const snapshot = withChannel(named, 'db2', { tls: noTls, ...change });
  return withFacts(snapshot, 'db1', ({ streams, accounts }) => ({
    streams: streams && {
      ...streams,
      threads: streams.threads.map((thread) =>
        thread.threadId === 12 ? { ...thread, encrypted: false, version: undefined, cipher: undefined } : thread,
      ),
    },
    accounts: accounts && {
      ...accounts,
      withoutTls: 1,
      listed: [{ user: 'replication', host: '%', requires: 'nothing' }],
      streaming: [{ user: 'replication', host: '%', requires: 'nothing' }],
    },
  }));
}

export function siteWith(db2: Partial<SiteServer>): Scene['site'] {
  return { ...site, servers: site.servers.map((one) => (one.name === 'db2' ? { ...one, ...db2 } : one)) };
}
