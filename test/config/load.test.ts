import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { automationKeys } from '../../src/config/automation-schema.js';
import { loadConfig } from '../../src/config/load.js';
import { folderWith } from './files.js';

const smallest = `version: 1
defaults: { accounts: { monitor: { user: look, password_file: secret/look } } }
clusters: { shop: { servers: { db1: { address: db1 } } } }
`;

it('applies the documented defaults to the smallest file', async () => {
  const folder = folderWith({ 'lockstep.yml': smallest });
  const config = await loadConfig(path.join(folder, 'lockstep.yml'));
  expect(config).toEqual({
    file: path.join(folder, 'lockstep.yml'),
    files: [path.join(folder, 'lockstep.yml')],
    listen: { host: '127.0.0.1', port: 10104 },
    web: undefined,
    tokens: [],
    roles: [],
    authorities: [],
    clusters: [
      {
        name: 'shop',
        servers: [{ name: 'db1', address: { host: 'db1', port: 3306 }, socket: undefined, host: undefined }],
        names: [],
        accounts: {
          monitor: { user: 'look', password: { from: 'file', path: path.join(folder, 'secret/look') } },
          operate: undefined,
          replication: undefined,
        },
        tls: {
          mode: 'required',
          verify: 'identity',
          caFile: undefined,
          certFile: undefined,
          keyFile: undefined,
          serverName: undefined,
        },
        heartbeat: { database: 'heartbeat', table: 'heartbeat', utc: false },
        acceptUnproven: false,
        announcers: [],
        failover: { evidenceSeconds: 10, looks: 3, never: [], preferred: [], fence: undefined, tail: undefined },
        registeredReplicas: false,
        thresholds: {
          lag: 60,
          certificate: 30 * 86_400,
          authority: 180 * 86_400,
          clockOffset: 2,
          retentionHeadroom: 86_400,
        },
      },
    ],
    metrics: { servers: false },
    compatibility: undefined,
    observe: { timeoutSeconds: 10, slowIntervalSeconds: 60, freshnessSeconds: 15, intervalSeconds: 5 },
    log: { level: 'info' },
    automation: undefined,
  });
});

it('accepts the example that is shipped', async () => {
  const config = await loadConfig(path.join(import.meta.dirname, '../../deploy/lockstep.example.yml'));
  expect(config.clusters.map((cluster) => cluster.name)).toEqual(['production', 'staging']);
  expect(config.clusters[0]?.servers[2]?.address).toEqual({ host: '2001:db8::3', port: 3306 });
  expect(config.automation?.policies.map(({ run, mode }) => [run, mode])).toEqual([
    ['restart-replication', 'approve'],
    ['fence-writable-replica', 'plan'],
    ['restart-replication', 'plan'],
  ]);
});

it('shows every key of the automation in the example that is shipped', () => {
  const text = readFileSync(path.join(import.meta.dirname, '../../deploy/lockstep.example.yml'), 'utf8');
  const form = z.toJSONSchema(z.object(automationKeys), { io: 'input', unrepresentable: 'any' });
  const keys = new Set(keysOf(form));
  expect(keys.size).toBeGreaterThan(35);
  const shown = (key: string) => new RegExp(`\\b${key}\\b`).test(text);
  // Of the two ways to refer to a secret one is enough.
  const missing = [...keys].filter(
    (key) => !shown(key) && !shown(key.replace(/_env$/, '_file')) && !shown(key.replace(/_file$/, '_env')),
  );
  expect(missing).toEqual([]);
});

/** The names of all properties in a JSON schema. */
function keysOf(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  return Object.entries(schema).flatMap(([name, value]: [string, unknown]) => [
    ...(name === 'properties' && typeof value === 'object' && value !== null ? Object.keys(value) : []),
    ...keysOf(value),
  ]);
}

it('accepts the hosts of that example, which stand there as a comment', async () => {
  const text = readFileSync(path.join(import.meta.dirname, '../../deploy/lockstep.example.yml'), 'utf8');
  const folder = folderWith({ 'lockstep.yml': text.replaceAll(/^ {2}# (hosts:$| {2}.*$)/gm, '  $1') });
  const config = await loadConfig(path.join(folder, 'lockstep.yml'));
  expect(config.clusters[0]?.servers[0]?.host).toMatchObject({
    kind: 'ssh',
    address: { host: 'db1.production.example', port: 22 },
    paths: ['/etc/mysql/tls', '/etc/mysql/conf.d'],
    services: { mysql: ['systemctl', 'restart', 'mariadb'] },
  });
});

it('lays a cluster over the defaults: accounts whole, the rest key by key', async () => {
  const config = await loadConfig(path.join(import.meta.dirname, '../../deploy/lockstep.example.yml'));
  const staging = config.clusters[1];
  expect(staging?.accounts.monitor.password).toEqual({ from: 'environment', variable: 'LOCKSTEP_STAGING_PASSWORD' });
  expect(staging?.accounts.operate?.user).toBe('lockstep_operate');
  expect(staging?.tls).toMatchObject({ verify: 'ca', caFile: '/etc/lockstep/tls/ca.pem' });
  expect(staging?.thresholds).toMatchObject({ lag: 300, clockOffset: 2 });
});

it('includes files by pattern and takes their relative paths from their own folder', async () => {
  const cluster = (name: string) => `clusters:
  ${name}:
    servers: { db1: { address: ${name}:3307 } }
    tls: { ca_file: tls/ca.pem }
`;
  const folder = folderWith({
    'lockstep.yml': `${smallest}include: clusters/*.yml\n`,
    'clusters/b.yml': cluster('beta'),
    'clusters/a.yml': cluster('alpha'),
    'clusters/.hidden.yml': 'not: read',
    'clusters/readme.txt': 'not read either',
  });
  const config = await loadConfig(path.join(folder, 'lockstep.yml'));
  expect(config.clusters.map((each) => each.name)).toEqual(['shop', 'alpha', 'beta']);
  expect(config.clusters[1]?.tls.caFile).toBe(path.join(folder, 'clusters/tls/ca.pem'));
  expect(config.clusters[1]?.accounts.monitor.password).toEqual({
    from: 'file',
    path: path.join(folder, 'secret/look'),
  });
  expect(config.files.map((file) => path.basename(file))).toEqual(['lockstep.yml', 'a.yml', 'b.yml']);
});

it('takes a list of includes, reads a file named twice once, and lets a pattern match nothing', async () => {
  const folder = folderWith({
    'lockstep.yml': `${smallest}include: [more.yml, m?re.yml, empty/*.yml]\n`,
    'more.yml': 'clusters: { more: { servers: { db1: { address: x } } } }',
  });
  mkdirSync(path.join(folder, 'empty'));
  const config = await loadConfig(path.join(folder, 'lockstep.yml'));
  expect(config.clusters.map((each) => each.name)).toEqual(['shop', 'more']);
});

it('reads the web configuration with it', async () => {
  const folder = folderWith({
    'lockstep.yml': `${smallest}web_config_file: web.yml\nroles: { alice: operator, 'CN=ops': viewer }\n`,
    'web.yml': `
tls_server_config:
  { cert_file: a.pem, key_file: a.key, client_auth_type: VerifyClientCertIfGiven, client_ca_file: ca.pem }
basic_auth_users: { alice: $2y$10$abcdefghijklmnopqrstuuVdtTTnl9Vu4kzQ5kC0Vd5RXlg5z8f5e }
`,
  });
  const config = await loadConfig(path.join(folder, 'lockstep.yml'));
  expect(config.web?.users[0]?.name).toBe('alice');
  expect(JSON.stringify(config)).not.toContain('$2y$');
  expect(config.roles).toEqual([
    { subject: 'alice', role: 'operator' },
    { subject: 'CN=ops', role: 'viewer' },
  ]);
});

it('takes anchors and aliases', async () => {
  const folder = folderWith({
    'lockstep.yml': `version: 1
clusters:
  a: { servers: { x: { address: x1 } }, accounts: &accounts { monitor: { user: m, password_env: M } } }
  b: { servers: { x: { address: x2 } }, accounts: *accounts }
`,
  });
  const config = await loadConfig(path.join(folder, 'lockstep.yml'));
  expect(config.clusters[1]?.accounts.monitor.user).toBe('m');
});

it('gives every server its host: its own word before that of its cluster, and that before the defaults', async () => {
  const pin = `SHA256:${'a'.repeat(43)}`;
  const folder = folderWith({
    'lockstep.yml': `version: 1
defaults:
  accounts: { monitor: { user: m, password_env: M } }
  hosts: { kind: ssh, user: lockstep, key_file: ssh/key, known_hosts_file: ssh/known, port: 2222, paths: [/etc/mysql/tls/] }
clusters:
  shop:
    servers:
      db1: { address: db1.example:3307 }
      db2: { address: db2.example, hosts: { address: "[2001:db8::2]:22", host_key: ${pin}, paths: [/srv] } }
  docked:
    hosts: { kind: command, command: [docker, exec, -i, "{server}.{host}"], services: { mysql: [kill, "1"] } }
    servers: { db1: { address: ten }, db2: { address: eleven, hosts: { command: [env] } } }
  here:
    hosts: { kind: local }
    servers: { db1: { address: localhost } }
`,
  });
  const config = await loadConfig(path.join(folder, 'lockstep.yml'));
  const hosts = config.clusters.map((cluster) => cluster.servers.map((server) => server.host));
  const ssh = {
    kind: 'ssh',
    address: { host: 'db1.example', port: 2222 },
    user: 'lockstep',
    key: { from: 'file', path: path.join(folder, 'ssh/key') },
    passphrase: undefined,
    agent: undefined,
    knownHostsFile: path.join(folder, 'ssh/known'),
    hostKeys: [],
    sudo: false,
    paths: ['/etc/mysql/tls'],
    programs: [],
    services: {},
  };
  const docked = { kind: 'command', paths: [], programs: [], services: { mysql: ['kill', '1'] } };
  expect(hosts).toEqual([
    [ssh, { ...ssh, address: { host: '2001:db8::2', port: 22 }, hostKeys: [pin], paths: ['/srv'] }],
    [
      { ...docked, command: ['docker', 'exec', '-i', 'db1.ten'] },
      { ...docked, command: ['env'] },
    ],
    [{ kind: 'local', sudo: false, paths: [], programs: [], services: {} }],
  ]);
});
