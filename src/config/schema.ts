import { z } from 'zod';
import { announce } from './announce-schema.js';
import { failover } from './failover-schema.js';
import { automationKeys } from './automation-schema.js';
import { hosts, serverHosts } from './host-schema.js';
import { authorities, ownServerTls, serverTls } from './server-tls-schema.js';
import {
  absolute,
  address,
  duration,
  exactlyOne,
  flag,
  hostName,
  list,
  mapping,
  oneOf,
  path,
  secretKeys,
  socketPath,
  strict,
  text,
} from './vocabulary.js';

/** The shape of the YAML file as people write it. What it becomes, with defaults, is `config.ts`. */

export const defaultListenPort = 10_104;
export const defaultServerPort = 3306;

const user = text('the name of a MySQL account (at most 80 characters)', /^[^\0\n\r]{1,80}$/);
const account = { user, ...secretKeys('password') };

const accounts = strict({
  monitor: strict(account)
    .refine(...exactlyOne('password'))
    .optional(),
  operate: strict(account)
    .refine(...exactlyOne('password'))
    .optional(),
  replication: strict({ ...account, require: oneOf(['x509', 'ssl', 'none']).optional() })
    .refine(...exactlyOne('password'))
    .optional(),
});

const tls = strict({
  mode: oneOf(['required', 'disabled']).optional(),
  ca_file: path.optional(),
  cert_file: path.optional(),
  key_file: path.optional(),
  verify: oneOf(['identity', 'ca']).optional(),
  server_name: hostName.optional(),
}).refine((given) => (given.cert_file === undefined) === (given.key_file === undefined), {
  error: 'cert_file and key_file together, or neither',
});

const heartbeat = strict({
  table: text(
    'a table with its database, such as percona.heartbeat',
    /^[A-Za-z0-9_$]{1,64}\.[A-Za-z0-9_$]{1,64}$/,
  ).optional(),
  utc: flag.optional(),
});

const thresholds = strict({
  lag: duration.optional(),
  certificate: duration.optional(),
  authority: duration.optional(),
  clock_offset: duration.optional(),
  retention_headroom: duration.optional(),
});

/** Paths on the replica's own machine. */
const replicationTls = strict({
  ca_file: absolute,
  cert_file: absolute.optional(),
  key_file: absolute.optional(),
  verify: oneOf(['identity', 'ca']).optional(),
}).refine((given) => (given.cert_file === undefined) === (given.key_file === undefined), {
  error: 'cert_file and key_file together, or neither',
});

/** What a cluster may say for itself, and `defaults` for all. */
const shared = {
  accounts: accounts.optional(),
  tls: tls.optional(),
  heartbeat: heartbeat.optional(),
  hosts: hosts.optional(),
  thresholds: thresholds.optional(),
  replication_tls: replicationTls.optional(),
  server_tls: serverTls.optional(),
  accept_unproven: flag.optional(),
  announce: announce.optional(),
  failover: failover.optional(),
};

const server = strict({
  address: address(defaultServerPort, 1, 'an address such as db1.example:3306, 192.0.2.1:3306 or [2001:db8::1]:3306'),
  socket: socketPath().optional(),
  replication_tls: replicationTls.optional(),
  server_tls: ownServerTls.optional(),
  hosts: serverHosts.optional(),
});

const cluster = strict({
  servers: mapping(server, 'a mapping of server names, such as `db1: { address: db1.example:3306 }`').refine(
    (given) => Object.keys(given).length > 0,
    { error: 'at least one server' },
  ),
  names: list(hostName, 'a list of host names').optional(),
  registered_replicas: flag.optional(),
  ...shared,
});

const clusters = mapping(cluster, 'a mapping of cluster names, each with its servers');
const role = oneOf(['viewer', 'operator', 'alertmanager']);

export const mainSchema = strict({
  version: z.literal(1, { error: '1, the only version of this format' }),
  listen: address(defaultListenPort, 0, 'an address such as 127.0.0.1:10104 or [::]:10104').optional(),
  web_config_file: path.optional(),
  include: z.union([path, z.array(path)], { error: 'a path, such as clusters/*.yml, or a list of paths' }).optional(),
  tokens: list(
    strict({
      name: text('a name for the token: letters, digits, ".", "_" and "-"', /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/),
      role,
      ...secretKeys('token'),
    }).refine(...exactlyOne('token')),
    'a list of tokens, each with name, role and token_file',
  ).optional(),
  roles: mapping(role, 'a mapping from user names, or CN=NAME for client certificates, to roles').optional(),
  authorities: authorities.optional(),
  defaults: strict(shared).optional(),
  clusters: clusters.optional(),
  metrics: strict({ servers: flag.optional() }).optional(),
  compatibility: oneOf(['mysqld_exporter']).optional(),
  observe: strict({
    timeout: duration.optional(),
    slow_interval: duration.optional(),
    freshness: duration.optional(),
    interval: duration.optional(),
  }).optional(),
  ...automationKeys,
  log: strict({ level: oneOf(['trace', 'debug', 'info', 'warn', 'error']).optional() }).optional(),
});

/** An included file names clusters, and nothing that concerns the whole. */
export const includedSchema = strict({ clusters });

export type MainFile = z.output<typeof mainSchema>;
export type ClusterEntry = z.output<typeof cluster>;
export type SharedEntries = Partial<Pick<ClusterEntry, keyof typeof shared>>;
