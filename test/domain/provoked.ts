import type { ProblemName } from '../../src/domain/problems.js';
import type { Channel, ClusterSnapshot, CollectorOutcome } from '../../src/domain/snapshot.js';
import {
  down,
  handshake,
  healthy,
  lookedAt,
  now,
  promoted,
  seen,
  uuidOf,
  withChannel,
  withFacts,
  withGtid,
  withSection,
  withServer,
} from './build.js';

const day = 86_400;

const maria = healthy('mariadb');
const mysql = healthy('mysql');

const stopped = (change: Partial<Channel>) => withChannel(maria, 'db2', change);
const seenBy = (name: string, ...certificates: ReturnType<typeof seen>[]) =>
  withServer(maria, name, () => ({ certificates }));
const verdict = (reason: 'wrong-name' | 'unknown-authority' | 'expired' | 'not-yet-valid') =>
  withServer(maria, 'db2', () => ({
    login: {
      at: lookedAt,
      failure: undefined,
      handshake: handshake({ verification: { verified: false, reason, message: `it says ${reason}` } }),
    },
  }));
const refused: CollectorOutcome = {
  collector: 'replication',
  success: false,
  durationSeconds: 0,
  reason: 'privilege',
  message: 'denied',
  remedy: 'GRANT SLAVE MONITOR ON *.* TO lockstep_monitor',
};
const plainWeak = withSection(
  withSection(
    withChannel(maria, 'db2', ({ tls }) => ({ tls: { ...tls, verify: false } })),
    'db1',
    'tls',
    { required: false },
  ),
  'db1',
  'accounts',
  { streaming: [{ user: 'replication', host: '%', requires: 'nothing' }] },
);

/** A problem, a cluster that has it, at which server, what the sentence says, and what comes along. */
export type Case = [
  name: ProblemName,
  snapshot: ClusterSnapshot,
  server: string | undefined,
  says: string,
  beside?: ProblemName[],
];
export const cases: readonly Case[] = [
  ['server-down', down(maria, 'db3'), 'db3', 'connection refused'],
  ['server-down', down(maria, 'db1'), 'db1', '(refused)'],
  ['no-primary', withSection(maria, 'db1', 'state', { readOnly: true }), 'db1', 'read-only'],
  [
    'primary-behind',
    withGtid(withSection(mysql, 'db1', 'state', { readOnly: true, superReadOnly: true }), 'db1', {
      executed: `${uuidOf(1)}:1-98`,
    }),
    'db1',
    'db2 (2 transactions) and db3 (2 transactions)',
    ['no-primary'],
  ],
  ['two-primaries', promoted(maria, 'db3'), undefined, 'db1 and db3'],
  [
    'writable-replica',
    withSection(mysql, 'db2', 'state', { readOnly: false, superReadOnly: false }),
    'db2',
    'db1.example:3306',
  ],
  ['replica-missing', withFacts(maria, 'db3', { channels: [] }), 'db3', 'db1 is the primary'],
  [
    'unknown-replica',
    withSection(maria, 'db1', 'streams', { registered: [{ serverId: 77, host: '', port: 0, uuid: undefined }] }),
    'db1',
    '1 stream',
  ],
  ['server-id-clash', withSection(mysql, 'db3', 'identity', { serverId: 2 }), 'db2', 'db3'],
  [
    'server-id-clash',
    withSection(maria, 'db1', 'streams', {
      registered: [2, 2, 3].map((serverId) => ({ serverId, host: '', port: 3306, uuid: undefined })),
    }),
    'db1',
    '2 replicas with server id 2',
  ],
  [
    'replication-stopped',
    stopped({ io: 'stopped', sql: 'stopped', lagSeconds: undefined }),
    'db2',
    'both threads of db2 are stopped',
  ],
  [
    'replication-stopped',
    stopped({ sql: 'stopped', lagSeconds: undefined, sqlError: { errno: 0, message: '', time: undefined } }),
    'db2',
    'the SQL thread',
  ],
  [
    'replication-failed',
    stopped({ sql: 'stopped', sqlError: { errno: 1062, message: 'Duplicate entry', time: undefined } }),
    'db2',
    '1062: Duplicate entry',
  ],
  [
    'replication-failed',
    stopped({ io: 'stopped', ioError: { errno: 1236, message: 'purged', time: undefined } }),
    'db2',
    'IO thread of db2 stopped with error 1236',
  ],
  [
    'replication-connecting',
    stopped({ io: 'connecting', ioError: { errno: 2003, message: 'refused', time: undefined } }),
    'db2',
    '2003: refused',
  ],
  ['replication-lagging', stopped({ lagSeconds: 61 }), 'db2', '1 min 1 s behind'],
  [
    'replication-lagging',
    withFacts(maria, 'db2', { heartbeats: [{ serverId: 1, writtenAt: now - 3600, nowAt: now }] }),
    'db2',
    '1 h',
  ],
  ['lag-unknown', stopped({ silent: true }), 'db2', 'two heartbeat periods of 2 s'],
  ['lag-unknown', stopped({ lagSeconds: undefined }), 'db2', 'no number'],
  [
    'errant-transactions',
    withServer(withGtid(mysql, 'db2', { executed: `${uuidOf(1)}:1-100,${uuidOf(2)}:1-2` }), 'db1', () => ({
      at: lookedAt + 1000,
    })),
    'db2',
    `2 transactions that its source never had: ${uuidOf(2)}:1-2`,
  ],
  [
    'errant-transactions',
    withServer(withGtid(maria, 'db2', { state: '0-1-100,0-2-101' }), 'db1', () => ({ at: lookedAt + 100 })),
    'db2',
    'at least 1 transaction that',
  ],
  [
    'source-log-purged',
    stopped({ io: 'stopped', read: { file: 'bin.000001', position: 4 } }),
    'db2',
    'bin.000001',
    ['replication-stopped'],
  ],
  ['retention-short', withSection(maria, 'db1', 'binlog', { retentionSeconds: 3600 }), 'db2', '1 h'],
  [
    'semi-sync-degraded',
    withFacts(maria, 'db1', ({ semiSync }) => ({
      semiSync: { replica: undefined, source: semiSync?.source && { ...semiSync.source, active: false, clients: 0 } },
    })),
    'db1',
    '0 semi-synchronous replicas',
  ],
  [
    'durability-relaxed',
    withSection(maria, 'db3', 'state', { syncBinlog: 0, flushAtCommit: 2 }),
    'db3',
    'sync_binlog is 0 and innodb_flush_log_at_trx_commit is 2',
  ],
  ['clock-offset', withSection(maria, 'db2', 'state', { clockOffsetSeconds: -2.5 }), 'db2', '2.5 s behind'],
  ['boots-writable', withSection(maria, 'db1', 'state', { bootReadOnly: false }), 'db1', 'after a restart'],
  ['tls-off', withSection(maria, 'db2', 'tls', { haveSsl: 'DISABLED' }), 'db2', 'have_ssl is DISABLED'],
  [
    'tls-not-required',
    withSection(withSection(maria, 'db1', 'tls', { required: false }), 'db1', 'accounts', { withoutTls: 3 }),
    'db1',
    '3 accounts',
  ],
  [
    'tls-not-required',
    withFacts(withSection(maria, 'db3', 'tls', { required: false }), 'db3', { accounts: undefined }),
    'db3',
    'require_secure_transport',
  ],
  [
    'tls-weak-protocol',
    withSection(maria, 'db1', 'tls', { versions: ['TLSv1.1', 'TLSv1.2'] }),
    'db1',
    'accepts TLSv1.1',
  ],
  [
    'tls-weak-protocol',
    withSection(maria, 'db1', 'tls', { sessions: [{ version: 'TLSv1', cipher: 'x', count: 2 }] }),
    'db1',
    '2 on TLSv1',
  ],
  [
    'channel-without-tls',
    withFacts(
      withChannel(maria, 'db2', ({ tls }) => ({ tls: { ...tls, enabled: false } })),
      'db1',
      { streams: undefined },
    ),
    'db2',
    'without TLS',
  ],
  [
    'channel-plaintext',
    withFacts(
      withChannel(maria, 'db2', ({ tls }) => ({ tls: { ...tls, verify: false } })),
      'db1',
      ({ streams }) => ({
        streams: streams && {
          ...streams,
          threads: streams.threads.map((one) => ({ ...one, encrypted: !one.host.startsWith('db2') })),
        },
      }),
    ),
    'db2',
    'not encrypted',
    ['channel-not-verifying'],
  ],
  ['channel-fallback-possible', plainWeak, 'db2', 'stopped offering TLS', ['channel-not-verifying']],
  [
    'channel-not-verifying',
    withChannel(mysql, 'db2', ({ tls }) => ({ tls: { ...tls, verify: false } })),
    'db2',
    'does not verify',
  ],
  ['certificate-expiring', seenBy('db1', seen({ notAfter: now + 29 * day })), 'db1', 'expires in 29 d'],
  ['certificate-expired', seenBy('db1', seen({ notAfter: now - 2 * day })), 'db1', 'expired 2 d ago'],
  [
    'certificate-expired',
    seenBy('db2', seen({ role: 'client', channel: '', notAfter: now - 60 })),
    'db2',
    'client certificate of the default channel',
  ],
  ['certificate-expired', verdict('expired'), 'db2', 'it says expired'],
  ['certificate-not-yet-valid', seenBy('db1', seen({ notBefore: now + 3600 })), 'db1', 'in 1 h'],
  ['certificate-not-yet-valid', verdict('not-yet-valid'), 'db2', 'it says not-yet-valid'],
  ['certificate-wrong-name', verdict('wrong-name'), 'db2', 'not for db2.example'],
  ['certificate-not-verifying', verdict('unknown-authority'), 'db2', '(unknown-authority)'],
  [
    'certificate-differs-from-file',
    withServer(maria, 'db1', () => ({ servedEqualsFile: false })),
    'db1',
    '/etc/mysql/tls/server.pem',
  ],
  ['ca-expiring', seenBy('db1', seen({ role: 'ca', notAfter: now + 179 * day })), 'db1', '179 d'],
  [
    'client-certificate-expiring',
    seenBy('db2', seen({ role: 'client', channel: '', notAfter: now + day })),
    'db2',
    'expires in 1 d',
  ],
  ['privilege-missing', withServer(maria, 'db2', () => ({ collectors: [refused] })), 'db2', 'GRANT SLAVE MONITOR'],
];
