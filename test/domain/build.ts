import type { Certificate, Handshake, SeenCertificate } from '../../src/domain/certificate.js';
import type {
  Channel,
  ClusterSnapshot,
  Failure,
  Flavour,
  GtidFacts,
  Identity,
  ServerFacts,
  ServerName,
  ServerSnapshot,
} from '../../src/domain/snapshot.js';

/** When every built snapshot was taken: milliseconds, and the same moment in seconds. */
export const lookedAt = 1_760_000_000_000;
export const now = lookedAt / 1000;

/** A healthy cluster over TLS: db1 is the primary, db2 and db3 follow it; server ids 1, 2, 3. */
export function healthy(flavour: Flavour): ClusterSnapshot {
  return { cluster: 'production', at: lookedAt, servers: [1, 2, 3].map((id) => server(flavour, id)) };
}

export function uuidOf(id: number): string {
  return `0000000${id}-aaaa-bbbb-cccc-000000000000`;
}

/** The same cluster with one server changed. */
export function withServer(
  snapshot: ClusterSnapshot,
  name: ServerName,
  change: (server: ServerSnapshot) => Partial<ServerSnapshot>,
): ClusterSnapshot {
  if (!snapshot.servers.some((one) => one.name === name)) throw new Error(`no server ${name} in ${snapshot.cluster}`);
  return {
    ...snapshot,
    servers: snapshot.servers.map((one) => (one.name === name ? { ...one, ...change(one) } : one)),
  };
}

/** One server's sections replaced or, where a section is given as a function, changed. */
export function withFacts(
  snapshot: ClusterSnapshot,
  name: ServerName,
  change: Partial<ServerFacts> | ((facts: ServerFacts) => Partial<ServerFacts>),
): ClusterSnapshot {
  return withServer(snapshot, name, (one) => {
    if (one.facts === undefined) throw new Error(`${name} is down`);
    return { facts: { ...one.facts, ...(typeof change === 'function' ? change(one.facts) : change) } };
  });
}

/** The server's section of that name, with some fields replaced; the section must be there. */
export function withSection<K extends 'identity' | 'state' | 'tls' | 'accounts' | 'binlog' | 'streams' | 'semiSync'>(
  snapshot: ClusterSnapshot,
  name: ServerName,
  section: K,
  change: Partial<NonNullable<ServerFacts[K]>>,
): ClusterSnapshot {
  return withFacts(snapshot, name, (facts) => ({ ...facts, [section]: { ...facts[section], ...change } }));
}

/** The only channel of a replica, changed. */
export function withChannel(
  snapshot: ClusterSnapshot,
  name: ServerName,
  change: Partial<Channel> | ((channel: Channel) => Partial<Channel>),
): ClusterSnapshot {
  return withFacts(snapshot, name, (facts) => {
    const [channel, another] = facts.channels ?? [];
    if (channel === undefined || another !== undefined) throw new Error(`${name} has not exactly one channel`);
    return { channels: [{ ...channel, ...(typeof change === 'function' ? change(channel) : change) }] };
  });
}

/** GTID facts as text: MySQL `executed`, MariaDB `state` (positions follow from `slave`). */
export function withGtid(
  snapshot: ClusterSnapshot,
  name: ServerName,
  change: { executed?: string; purged?: string; state?: string; slave?: string; binlog?: string; current?: string },
): ClusterSnapshot {
  return withFacts(snapshot, name, ({ gtid }) => {
    if (gtid === undefined) throw new Error(`${name} has no GTID facts`);
    const changed: GtidFacts =
      gtid.kind === 'mysql'
        ? { ...gtid, executed: change.executed ?? gtid.executed, purged: change.purged ?? gtid.purged }
        : {
            ...gtid,
            binlogState: change.state ?? gtid.binlogState,
            slavePos: change.slave ?? gtid.slavePos,
            binlogPos: change.binlog ?? gtid.binlogPos,
            currentPos: change.current ?? gtid.currentPos,
          };
    return { gtid: changed };
  });
}

export function down(
  snapshot: ClusterSnapshot,
  name: ServerName,
  failure: Failure = { reason: 'refused', message: 'connection refused; start the server' },
): ClusterSnapshot {
  return withServer(snapshot, name, ({ login }) => ({
    facts: undefined,
    failure,
    login: { at: lookedAt, failure, handshake: login?.handshake },
    collectors: [],
  }));
}

/** Makes `name` replicate from `source` (by its name) and nobody else, over a channel like that of a healthy replica. */
export function following(snapshot: ClusterSnapshot, name: ServerName, source: ServerName): ClusterSnapshot {
  const identity = snapshot.servers.find((one) => one.name === name)?.facts?.identity;
  if (identity === undefined) throw new Error(`${name} is down or not there`);
  return withFacts(snapshot, name, { channels: [channel(identity.flavour, Number(source.slice(2)))] });
}

/** A server that accepts writes and replicates from nobody. */
export function promoted(snapshot: ClusterSnapshot, name: ServerName): ClusterSnapshot {
  return withSection(withFacts(snapshot, name, { channels: [] }), name, 'state', {
    readOnly: false,
    superReadOnly: false,
  });
}

/** The healthy channel of a replica of server number `source`. */
export function channel(flavour: Flavour, source: number): Channel {
  const mysql = flavour === 'mysql';
  return {
    name: '',
    source: {
      host: `db${source}.example`,
      port: 3306,
      user: 'replication',
      serverId: source,
      uuid: mysql ? uuidOf(source) : undefined,
    },
    io: 'running',
    sql: 'running',
    ioError: undefined,
    sqlError: undefined,
    lagSeconds: 0,
    delaySeconds: 0,
    heartbeatPeriodSeconds: 2,
    heartbeatsReceived: 7,
    receivedAt: lookedAt - 1000,
    silent: false,
    relayLogBytes: 1000,
    read: { file: 'bin.000004', position: 900 },
    executed: { file: 'bin.000004', position: 900 },
    gtid: {
      mode: mysql ? 'auto' : 'slave_pos',
      received: mysql ? `${uuidOf(1)}:90-100` : '0-1-100',
    },
    tls: {
      enabled: true,
      verify: true,
      caFile: '/etc/mysql/tls/ca.pem',
      certFile: '/etc/mysql/tls/client.pem',
      keyFile: '/etc/mysql/tls/client.key',
      caPath: undefined,
      crlFile: undefined,
      crlPath: undefined,
      cipher: undefined,
      versions: undefined,
    },
  };
}

export function certificate(change: Partial<Certificate> = {}): Certificate {
  return {
    subject: 'CN=db',
    issuer: 'CN=production CA',
    serial: '01',
    fingerprint: 'ab'.repeat(32),
    notBefore: now - 86_400,
    notAfter: now + 365 * 86_400,
    keyAlgorithm: 'ec',
    keyBits: 256,
    names: ['db.example'],
    isAuthority: false,
    ...change,
  };
}

export function seen(change: Partial<SeenCertificate> = {}): SeenCertificate {
  return {
    role: 'server',
    origin: 'handshake',
    channel: undefined,
    notBefore: now - 86_400,
    notAfter: now + 365 * 86_400,
    certificate: undefined,
    ...change,
  };
}

export function handshake(change: Partial<Handshake> = {}): Handshake {
  return {
    at: lookedAt,
    greeting: '10.11.19-MariaDB',
    tlsOffered: true,
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_256_GCM_SHA384',
    chain: [certificate()],
    verification: { verified: true, reason: 'ok', message: 'verified' },
    ...change,
  };
}

function server(flavour: Flavour, id: number): ServerSnapshot {
  return {
    cluster: 'production',
    name: `db${id}`,
    address: { host: `db${id}.example`, port: 3306 },
    at: lookedAt,
    durationSeconds: 0.01,
    login: { at: lookedAt, failure: undefined, handshake: handshake() },
    facts: facts(flavour, id),
    failure: undefined,
    collectors: [
      {
        collector: 'server',
        success: true,
        durationSeconds: 0.001,
        reason: undefined,
        message: undefined,
        remedy: undefined,
      },
    ],
    certificates: [
      seen({ certificate: certificate() }),
      seen({ origin: 'status' }),
      seen({ role: 'ca', notAfter: now + 10 * 365 * 86_400 }),
      ...(id === 1 ? [] : [seen({ role: 'client', origin: 'file', channel: '' })]),
    ],
    servedEqualsFile: true,
  };
}

function facts(flavour: Flavour, id: number): ServerFacts {
  const mysql = flavour === 'mysql';
  const primary = id === 1;
  return {
    identity: identity(flavour, id),
    state: {
      uptimeSeconds: 5000,
      clockOffsetSeconds: 0.01,
      readOnly: !primary,
      superReadOnly: mysql ? !primary : undefined,
      bootReadOnly: true,
      syncBinlog: 1,
      flushAtCommit: 1,
      logsReplicaUpdates: true,
    },
    channels: primary ? [] : [channel(flavour, 1)],
    gtid: mysql
      ? { kind: 'mysql', mode: 'ON', executed: `${uuidOf(1)}:1-100`, purged: `${uuidOf(1)}:1-10` }
      : {
          kind: 'mariadb',
          binlogPos: '0-1-100',
          binlogState: '0-1-100',
          slavePos: primary ? '' : '0-1-100',
          currentPos: '0-1-100',
          domainId: 0,
          strict: true,
        },
    tls: {
      haveSsl: 'YES',
      haveSslSource: mysql ? 'tls_channel_status' : 'have_ssl',
      required: true,
      requiredPersisted: undefined,
      versions: ['TLSv1.2', 'TLSv1.3'],
      caFile: '/etc/mysql/tls/ca.pem',
      certFile: '/etc/mysql/tls/server.pem',
      session: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' },
      sessions: [{ version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384', count: 3 }],
      statusNotBefore: now - 86_400,
      statusNotAfter: now + 365 * 86_400,
    },
    accounts: {
      withoutTls: 0,
      streaming: primary ? [{ user: 'replication', host: '%', requires: 'x509' }] : [],
      listed: [
        { user: 'lockstep_monitor', host: '%', requires: 'ssl' },
        { user: 'lockstep_operate', host: '%', requires: 'ssl' },
        { user: 'replication', host: '%', requires: 'x509' },
      ],
    },
    plaintext: mysql ? { sessions: [], logins: undefined } : undefined,
    semiSync: {
      source: primary
        ? {
            enabled: true,
            active: true,
            waitPoint: 'after-sync',
            timeoutSeconds: 10,
            clients: 2,
            protectedTransactions: 100,
            unprotectedTransactions: 0,
            degradations: 0,
          }
        : undefined,
      replica: primary ? undefined : { enabled: true, active: true },
    },
    binlog: {
      enabled: true,
      current: { file: 'bin.000004', position: 900 },
      retentionSeconds: 10 * 86_400,
      files: ['bin.000002', 'bin.000003', 'bin.000004'].map((name) => ({ name, bytes: 900 })),
    },
    streams: primary
      ? {
          threads: [2, 3].map((replica) => ({
            threadId: 10 + replica,
            user: 'replication',
            host: `db${replica}.example:40000`,
            uuid: mysql ? uuidOf(replica) : undefined,
            encrypted: true,
            version: 'TLSv1.3',
            cipher: 'TLS_AES_256_GCM_SHA384',
          })),
          registered: [2, 3].map((replica) => ({
            serverId: replica,
            host: '',
            port: 3306,
            uuid: mysql ? uuidOf(replica) : undefined,
          })),
        }
      : { threads: [], registered: [] },
    heartbeats: undefined,
  };
}

function identity(flavour: Flavour, id: number): Identity {
  const mysql = flavour === 'mysql';
  return {
    flavour,
    version: mysql ? '9.7.4' : '10.11.19-MariaDB-0+deb12u1',
    release: mysql ? [9, 7, 4] : [10, 11, 19],
    comment: 'Debian',
    column: mysql ? 'mysql-9' : 'mariadb-10.11',
    proof: 'live',
    newerThanKnown: false,
    serverId: id,
    uuid: mysql ? uuidOf(id) : undefined,
    hostname: `db${id}`,
    managed: undefined,
    grouping: undefined,
  };
}
