import type { Certificate, Handshake, SeenCertificate } from '../../src/domain/certificate.js';
import {
  type Channel,
  type CollectorOutcome,
  type Failure,
  type Identity,
  type SemiSyncFacts,
  type ServerFacts,
  type ServerSnapshot,
  type ServerState,
  type TlsFacts,
  collectorNames,
} from '../../src/domain/snapshot.js';

/** Sunday 22 November 2026, 12:00 UTC, milliseconds. */
export const at = 1_795_348_800_000;
const now = at / 1000;
const year = 365 * 86_400;

const leaf: Certificate = {
  subject: 'CN=db2',
  issuer: 'CN=wpdn mysql',
  serial: '0A1B',
  fingerprint: 'aa11',
  notBefore: now - 86_400,
  notAfter: now + year,
  keyAlgorithm: 'ec',
  keyBits: 256,
  names: ['db2.production.wpdn', '10.0.0.2'],
  isAuthority: false,
};
const root: Certificate = {
  ...leaf,
  subject: 'CN=wpdn mysql',
  serial: '01',
  fingerprint: 'cc33',
  notAfter: now + 10 * year,
  keyAlgorithm: 'rsa',
  keyBits: 4096,
  names: [],
  isAuthority: true,
};
const bridge: Certificate = {
  ...root,
  subject: 'CN=wpdn bridge',
  serial: '02',
  fingerprint: 'dd44',
  notAfter: now + year,
};

const handshake: Handshake = {
  at: at - 20_000,
  greeting: '5.5.5-10.11.19-MariaDB',
  tlsOffered: true,
  protocol: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  chain: [leaf, root],
  verification: { verified: true, reason: 'ok', message: 'the certificate verifies' },
};

function seen(
  certificate: Certificate,
  role: SeenCertificate['role'],
  origin: SeenCertificate['origin'],
  channel?: string,
): SeenCertificate {
  return { role, origin, channel, notBefore: certificate.notBefore, notAfter: certificate.notAfter, certificate };
}

function outcomes(failure?: Pick<CollectorOutcome, 'reason' | 'message' | 'remedy'>): CollectorOutcome[] {
  const rest = failure ?? { reason: undefined, message: undefined, remedy: undefined };
  return collectorNames.map((collector) => ({
    collector,
    success: failure === undefined,
    durationSeconds: failure === undefined ? 0.002 : 5,
    ...rest,
  }));
}

const mariadbIdentity: Identity = {
  flavour: 'mariadb',
  version: '10.11.19-MariaDB-0+deb12u1',
  release: [10, 11, 19],
  comment: 'Debian "12"',
  column: 'mariadb-10.11',
  proof: 'live',
  newerThanKnown: false,
  serverId: 2,
  uuid: undefined,
  hostname: 'db2',
  managed: undefined,
  grouping: undefined,
};

const mysqlIdentity: Identity = {
  ...mariadbIdentity,
  flavour: 'mysql',
  version: '9.7.4',
  release: [9, 7, 4],
  comment: '(Debian)',
  column: 'mysql-9',
  uuid: '7f3c0e2a-0000-11f0-8000-000000000002',
};

/** No TLS options beyond the files. */
const plainly = { caPath: undefined, crlFile: undefined, crlPath: undefined, cipher: undefined, versions: undefined };

const mariadbChannel: Channel = {
  name: '',
  source: { host: 'db1.production.wpdn', port: 3306, user: 'replication', serverId: 1, uuid: undefined },
  io: 'running',
  sql: 'running',
  ioError: undefined,
  sqlError: undefined,
  lagSeconds: 0,
  delaySeconds: 0,
  heartbeatPeriodSeconds: 2,
  heartbeatsReceived: 4711,
  receivedAt: at - 1500,
  silent: false,
  relayLogBytes: 1_048_576,
  read: { file: 'bin.000012', position: 4242 },
  executed: { file: 'bin.000012', position: 4242 },
  gtid: { mode: 'slave_pos', received: '0-1-42,1-1-7' },
  tls: {
    enabled: true,
    verify: true,
    caFile: '/etc/mysql/tls/ca.pem',
    certFile: '/etc/mysql/tls/client.pem',
    keyFile: '/etc/mysql/tls/client.key',
    ...plainly,
  },
};

const mysqlChannel: Channel = {
  ...mariadbChannel,
  source: { ...mariadbChannel.source, uuid: '7f3c0e2a-0000-11f0-8000-000000000001' },
  gtid: { mode: 'auto', received: '7f3c0e2a-0000-11f0-8000-000000000001:1-42' },
};

const state: ServerState = {
  uptimeSeconds: 90_061,
  clockOffsetSeconds: 0.0004,
  readOnly: true,
  superReadOnly: undefined,
  bootReadOnly: true,
  syncBinlog: 1,
  flushAtCommit: 1,
  logsReplicaUpdates: true,
};

const tls: TlsFacts = {
  haveSsl: 'YES',
  haveSslSource: 'have_ssl',
  required: true,
  requiredPersisted: undefined,
  versions: ['TLSv1.2', 'TLSv1.3'],
  caFile: '/etc/mysql/tls/ca.pem',
  certFile: '/etc/mysql/tls/server.pem',
  session: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
  sessions: undefined,
  statusNotBefore: leaf.notBefore,
  statusNotAfter: leaf.notAfter,
};

const semiSyncSource: NonNullable<SemiSyncFacts['source']> = {
  enabled: true,
  active: true,
  waitPoint: 'after-sync',
  timeoutSeconds: 10,
  clients: 1,
  protectedTransactions: 1234,
  unprotectedTransactions: 0,
  degradations: 0,
};

export const mariadbFacts: ServerFacts = {
  identity: mariadbIdentity,
  state,
  channels: [mariadbChannel],
  gtid: {
    kind: 'mariadb',
    binlogPos: '0-1-42',
    binlogState: '0-1-42',
    slavePos: '0-1-42',
    currentPos: '0-1-42',
    domainId: 0,
    strict: true,
  },
  tls,
  accounts: {
    withoutTls: 0,
    streaming: [{ user: 'replication', host: '%', requires: 'x509' }],
    listed: undefined,
  },
  plaintext: undefined,
  semiSync: {
    source: semiSyncSource,
    replica: { enabled: true, active: true },
  },
  binlog: {
    enabled: true,
    current: { file: 'bin.000003', position: 815 },
    retentionSeconds: 864_000,
    files: [
      { name: 'bin.000002', bytes: 1000 },
      { name: 'bin.000003', bytes: 815 },
    ],
  },
  streams: {
    threads: [
      {
        threadId: 9,
        user: 'replication',
        host: '10.0.0.3:55555',
        uuid: undefined,
        encrypted: undefined,
        version: undefined,
        cipher: undefined,
      },
    ],
    registered: [{ serverId: 3, host: 'db3', port: 3306, uuid: undefined }],
  },
  heartbeats: [{ serverId: 1, writtenAt: now - 0.7, nowAt: now }],
};

const mysqlFacts: ServerFacts = {
  ...mariadbFacts,
  identity: mysqlIdentity,
  state: { ...state, superReadOnly: true },
  channels: [mysqlChannel],
  gtid: { kind: 'mysql', mode: 'ON', executed: '7f3c0e2a-0000-11f0-8000-000000000001:1-42', purged: '' },
  tls: {
    ...tls,
    haveSslSource: 'tls_channel_status',
    sessions: [
      { version: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256', count: 12 },
      { version: '', cipher: '', count: 1 },
    ],
  },
  heartbeats: undefined,
};

export function up(name: string, facts: ServerFacts): ServerSnapshot {
  return {
    cluster: 'production',
    name,
    address: { host: `${name}.production.wpdn`, port: 3306 },
    at,
    durationSeconds: 0.0021,
    login: { at: at - 19_990, failure: undefined, handshake },
    facts,
    failure: undefined,
    collectors: outcomes(),
    certificates: [
      seen(leaf, 'server', 'handshake'),
      seen(root, 'ca', 'handshake'),
      { ...seen(leaf, 'server', 'status'), certificate: undefined },
      seen(leaf, 'server', 'file'),
      seen(root, 'ca', 'file'),
      seen(bridge, 'ca', 'file'),
      seen(root, 'ca', 'file'),
      seen({ ...leaf, subject: 'CN=replica', fingerprint: 'bb22' }, 'client', 'file', ''),
    ],
    servedEqualsFile: true,
  };
}

/** A MariaDB replica with nothing wrong. */
export const healthyMariadb = up('db2', mariadbFacts);
/** A MySQL replica with nothing wrong. */
export const healthyMysql = up('db2', mysqlFacts);

/** A MariaDB replica: applier stopped on an error, a second channel that connects, a frozen third, TLS off. */
export const brokenMariadb: ServerSnapshot = {
  ...up('db2', {
    ...mariadbFacts,
    identity: { ...mariadbIdentity, newerThanKnown: true },
    state: {
      ...state,
      clockOffsetSeconds: -3.25,
      readOnly: false,
      bootReadOnly: undefined,
      syncBinlog: 0,
      flushAtCommit: 2,
    },
    channels: [
      {
        ...mariadbChannel,
        sql: 'stopped',
        sqlError: { errno: 1062, message: "Duplicate entry '1' for key 'PRIMARY'", time: undefined },
        lagSeconds: undefined,
      },
      {
        ...mariadbChannel,
        name: 'back\\slash "quoted"\nlines',
        io: 'connecting',
        ioError: { errno: 2003, message: "Can't connect", time: undefined },
        lagSeconds: undefined,
        receivedAt: undefined,
        silent: undefined,
        read: { file: '', position: 4 },
        executed: { file: '', position: 0 },
        gtid: { mode: 'off', received: '' },
        tls: {
          enabled: false,
          verify: false,
          caFile: undefined,
          certFile: undefined,
          keyFile: undefined,
          ...plainly,
        },
      },
      { ...mariadbChannel, name: 'frozen', receivedAt: at - 30_000, silent: true },
    ],
    tls: {
      ...tls,
      haveSsl: 'DISABLED',
      required: false,
      requiredPersisted: undefined,
      versions: [],
      session: undefined,
      statusNotBefore: undefined,
      statusNotAfter: undefined,
    },
    accounts: {
      withoutTls: 3,
      streaming: [{ user: 'replication', host: '%', requires: 'nothing' }],
      listed: undefined,
    },
    semiSync: { source: undefined, replica: undefined },
    binlog: { enabled: false, current: undefined, retentionSeconds: 0, files: undefined },
    streams: { threads: [], registered: undefined },
    heartbeats: undefined,
  }),
  login: {
    at: at - 19_990,
    failure: undefined,
    handshake: {
      ...handshake,
      tlsOffered: false,
      protocol: undefined,
      cipher: undefined,
      chain: [],
      verification: undefined,
    },
  },
  certificates: [],
  servedEqualsFile: undefined,
  collectors: outcomes({
    reason: 'privilege',
    message: 'SLAVE MONITOR is missing',
    remedy: 'GRANT SLAVE MONITOR ON *.* TO lockstep_monitor',
  }),
};

const unverified: Failure = {
  reason: 'tls-unverified',
  message: 'the certificate of db2 has expired: renew it; no password was sent',
};

/** A MySQL server that is not logged in to, because its certificate has expired: the certificate is still told of. */
export const brokenMysql: ServerSnapshot = {
  ...up('db2', mysqlFacts),
  login: {
    at,
    failure: unverified,
    handshake: {
      ...handshake,
      chain: [{ ...leaf, notAfter: now - 3600 }],
      verification: { verified: false, reason: 'expired', message: 'the certificate expired an hour ago' },
    },
  },
  facts: undefined,
  failure: unverified,
  collectors: outcomes({ reason: 'down', message: unverified.message, remedy: undefined }),
  certificates: [seen({ ...leaf, notAfter: now - 3600 }, 'server', 'handshake')],
  servedEqualsFile: false,
};

/** A MySQL replica that errs with dates, degraded semi-sync and no TLS beyond the greeting. */
export const erringMysql = up('db3', {
  ...mysqlFacts,
  identity: { ...mysqlIdentity, managed: 'rds', grouping: 'group-replication' },
  channels: [
    {
      ...mysqlChannel,
      name: 'east',
      io: 'stopped',
      ioError: { errno: 1236, message: 'purged', time: now - 60 },
      sqlError: { errno: 1032, message: 'not found', time: now - 30 },
      lagSeconds: undefined,
      delaySeconds: 3600,
    },
  ],
  semiSync: {
    source: { ...semiSyncSource, active: false, unprotectedTransactions: 7, degradations: 1 },
    replica: undefined,
  },
});
