import { z } from 'zod';
import { verificationReasons } from '../domain/certificate.js';
import { collectorNames, failureReasons, thoroughCollectorNames } from '../domain/snapshot.js';
import { component, moment } from './components.js';

/** `domain/snapshot.ts` and `domain/certificate.ts` as JSON. What is absent is unknown. */

export const address = component('Address', 'Host and port.', z.object({ host: z.string(), port: z.int() }));

const seconds = z.number().describe('Seconds.');
/** Seconds since the Unix epoch. */
const second = z.number().describe('Seconds since the Unix epoch.');
const logPosition = z.object({ file: z.string(), position: z.number() });

export const failure = component(
  'Failure',
  'Why a login or a whole look failed.',
  z.object({ reason: z.enum(failureReasons), message: z.string() }),
);

const certificate = component(
  'Certificate',
  'What a certificate says.',
  z.object({
    subject: z.string(),
    issuer: z.string(),
    serial: z.string(),
    fingerprint: z.string().describe('SHA-256 of the DER form.'),
    notBefore: second,
    notAfter: second,
    keyAlgorithm: z.enum(['rsa', 'ec', 'ed25519', 'other']),
    keyBits: z.number().optional(),
    names: z.array(z.string()),
    isAuthority: z.boolean(),
  }),
);
const seenCertificate = z.object({
  role: z.enum(['server', 'ca', 'client']),
  origin: z.enum(['handshake', 'status', 'file']),
  channel: z.string().optional(),
  ready: z
    .literal(true)
    .optional()
    .describe('In a file that lies ready for the day when the server is a replica: it replicates from nobody now.'),
  notBefore: second.optional(),
  notAfter: second,
  certificate: certificate.optional(),
});
const login = z.object({
  at: moment,
  failure: failure.optional(),
  handshake: z
    .object({
      at: moment,
      greeting: z.string(),
      tlsOffered: z.boolean(),
      protocol: z.string().optional(),
      cipher: z.string().optional(),
      chain: z.array(certificate),
      verification: z
        .object({ verified: z.boolean(), reason: z.enum(verificationReasons), message: z.string() })
        .optional(),
    })
    .optional(),
});
const outcome = z.object({
  collector: z.enum([...collectorNames, ...thoroughCollectorNames]),
  success: z.boolean(),
  durationSeconds: seconds,
  reason: z.enum(['privilege', 'timeout', 'down', 'other']).optional(),
  message: z.string().optional(),
  remedy: z.string().optional().describe('The GRANT statements that give what is missing.'),
});

const identity = z.object({
  flavour: z.enum(['mysql', 'mariadb']),
  version: z.string(),
  release: z.array(z.int()).length(3),
  comment: z.string(),
  column: z.string().describe('Of the table of dialects.'),
  proof: z.enum(['live', 'documented']),
  newerThanKnown: z.boolean(),
  serverId: z.number(),
  uuid: z.string().optional(),
  hostname: z.string(),
  managed: z.enum(['rds', 'aurora', 'cloud-sql', 'azure']).optional(),
  grouping: z.enum(['galera', 'group-replication']).optional(),
});
const state = z.object({
  uptimeSeconds: seconds,
  clockOffsetSeconds: seconds.optional(),
  readOnly: z.boolean(),
  superReadOnly: z.boolean().optional(),
  bootReadOnly: z.boolean().optional(),
  restartChanges: z
    .object({ surely: z.array(z.string()), perhaps: z.array(z.string()) })
    .optional()
    .describe('Settings that a restart would change: something else is persisted, or nothing tells.'),
  syncBinlog: z.number(),
  flushAtCommit: z.number().optional(),
  logsReplicaUpdates: z.boolean(),
});
const channelError = z.object({ errno: z.int(), message: z.string(), time: second.optional() });
const channel = component(
  'Channel',
  'One replication stream into a replica.',
  z.object({
    name: z.string().describe("'' is the default channel."),
    source: z.object({
      host: z.string(),
      port: z.int(),
      user: z.string(),
      serverId: z.number().optional(),
      uuid: z.string().optional(),
    }),
    io: z.enum(['running', 'connecting', 'stopped']),
    sql: z.enum(['running', 'stopped']),
    ioError: channelError.optional(),
    sqlError: channelError.optional(),
    lagSeconds: seconds.optional(),
    delaySeconds: seconds,
    heartbeatPeriodSeconds: seconds.optional(),
    heartbeatsReceived: z.number().optional(),
    receivedAt: moment.optional(),
    silent: z.boolean().optional(),
    relayLogBytes: z.number().optional(),
    read: logPosition,
    executed: logPosition,
    filtered: z.boolean().optional(),
    gtid: z.object({ mode: z.enum(['off', 'slave_pos', 'current_pos', 'auto']), received: z.string().optional() }),
    tls: z.object({
      enabled: z.boolean(),
      verify: z.boolean(),
      caFile: z.string().optional(),
      certFile: z.string().optional(),
      keyFile: z.string().optional(),
    }),
  }),
);
const gtid = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('mariadb'),
    binlogPos: z.string(),
    binlogState: z.string(),
    slavePos: z.string(),
    currentPos: z.string(),
    domainId: z.number(),
    strict: z.boolean(),
  }),
  z.object({
    kind: z.literal('mysql'),
    mode: z.enum(['OFF', 'OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON']),
    executed: z.string(),
    purged: z.string(),
  }),
]);
const tls = z.object({
  haveSsl: z.enum(['YES', 'DISABLED', 'NO']),
  haveSslSource: z.enum(['have_ssl', 'tls_channel_status', 'status']),
  required: z.boolean().optional(),
  versions: z.array(z.string()),
  caFile: z.string().optional(),
  certFile: z.string().optional(),
  keyFile: z.string().optional(),
  session: z.object({ version: z.string(), cipher: z.string() }).optional(),
  sessions: z.array(z.object({ version: z.string(), cipher: z.string(), count: z.number() })).optional(),
  statusNotBefore: second.optional(),
  statusNotAfter: second.optional(),
});
const accounts = z.object({
  withoutTls: z.int(),
  streaming: z.array(
    z.object({ user: z.string(), host: z.string(), requires: z.enum(['nothing', 'ssl', 'x509', 'specified']) }),
  ),
});
const semiSync = z.object({
  source: z
    .object({
      enabled: z.boolean(),
      active: z.boolean(),
      waitPoint: z.enum(['after-sync', 'after-commit']).optional(),
      timeoutSeconds: seconds.optional(),
      waitsFor: z.int().optional(),
      waitsWithout: z.boolean().optional(),
      clients: z.int(),
      protectedTransactions: z.number(),
      unprotectedTransactions: z.number(),
      degradations: z.number(),
    })
    .optional(),
  replica: z.object({ enabled: z.boolean(), active: z.boolean() }).optional(),
});
const binlog = z.object({
  enabled: z.boolean(),
  current: logPosition.optional(),
  retentionSeconds: seconds,
  files: z.array(z.object({ name: z.string(), bytes: z.number() })).optional(),
});
const running = z.object({
  id: z.number(),
  user: z.string(),
  seconds,
  state: z.string().describe('What it does, as the server calls it; never its text.'),
  writes: z.boolean().optional(),
});
const activity = z.object({
  statements: z.array(running),
  transactions: z.array(running),
  waitingForReplicas: z.int(),
  connections: z.object({ limit: z.int(), used: z.int() }),
  enabledEvents: z.int().optional(),
});
const streams = z.object({
  threads: z.array(
    z.object({
      threadId: z.number(),
      user: z.string(),
      host: z.string(),
      uuid: z.string().optional(),
      encrypted: z.boolean().optional(),
      version: z.string().optional(),
      cipher: z.string().optional(),
    }),
  ),
  registered: z
    .array(z.object({ serverId: z.number(), host: z.string(), port: z.int(), uuid: z.string().optional() }))
    .optional(),
});

export const server = component(
  'Server',
  'What was seen of one server. A part that is absent was not asked for, or its collector failed.',
  z.object({
    cluster: z.string(),
    name: z.string(),
    address,
    at: moment,
    durationSeconds: seconds,
    login: login.optional(),
    facts: z
      .object({
        identity,
        state: state.optional(),
        channels: z.array(channel).optional(),
        gtid: gtid.optional(),
        tls: tls.optional(),
        accounts: accounts.optional(),
        semiSync: semiSync.optional(),
        binlog: binlog.optional(),
        streams: streams.optional(),
        activity: activity.optional(),
        heartbeats: z.array(z.object({ serverId: z.number(), writtenAt: second, nowAt: second })).optional(),
      })
      .optional(),
    failure: failure.optional(),
    collectors: z.array(outcome),
    certificates: z.array(seenCertificate),
    servedEqualsFile: z.boolean().optional(),
  }),
);
