import path from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { folderWith, lineOf, refusal } from './files.js';

const head = `version: 1
defaults: { accounts: { monitor: { user: look, password_env: LOOK } } }
`;

async function loaded(text: string, more: Readonly<Record<string, string>> = {}) {
  const folder = folderWith({ 'lockstep.yml': head + text, ...more });
  return { folder, config: await loadConfig(path.join(folder, 'lockstep.yml')) };
}

async function faultsOf(text: string): Promise<readonly string[]> {
  const folder = folderWith({ 'lockstep.yml': head + text });
  return (await refusal(loadConfig(path.join(folder, 'lockstep.yml')))).faults.map(lineOf);
}

it('gives every cluster its authority, and every server its place', async () => {
  const { folder, config } = await loaded(
    `include: more.yml
authorities:
  one: { directory: pki/one, passphrase_file: pass }
  two: { directory: /srv/two, passphrase_env: TWO }
  three: { directory: three }
clusters:
  shop:
    server_tls:
      authority: one
      replaces: three
      directory: /etc/mysql/tls/
      names: [proxy, 192.0.2.100]
      applications:
        shop: { ca_file: /etc/shop/mysql-ca.pem, cert_file: /etc/shop/mysql.pem, host: { kind: command, command: [docker, exec, -i, shop] } }
        reports: {}
    servers: { db1: { address: db1 }, db2: { address: db2, server_tls: { directory: /srv/tls, names: ["*.db2"] } } }
  plain: { servers: { db1: { address: db1 } } }
`,
    {
      'more.yml': `clusters:
  more:
    server_tls: { authority: two, directory: /t, renew_before: 10d, lifetime: 30d }
    hosts: { kind: ssh, user: u, key_file: k, known_hosts_file: h, paths: [/t/] }
    servers: { db1: { address: x } }
`,
    },
  );
  expect(config.authorities).toEqual([
    {
      name: 'one',
      directory: path.join(folder, 'pki/one'),
      passphrase: { from: 'file', path: path.join(folder, 'pass') },
    },
    { name: 'two', directory: '/srv/two', passphrase: { from: 'environment', variable: 'TWO' } },
    { name: 'three', directory: path.join(folder, 'three'), passphrase: undefined },
  ]);
  const [shop, plain, more] = config.clusters;
  expect(shop?.serverTls).toEqual({
    authority: 'one',
    renewBeforeSeconds: undefined,
    lifetimeSeconds: 365 * 86_400,
    names: ['proxy', '192.0.2.100'],
    keys: 'lockstep',
    replaces: 'three',
    applications: [
      {
        name: 'shop',
        caFile: '/etc/shop/mysql-ca.pem',
        certFile: '/etc/shop/mysql.pem',
        host: {
          kind: 'command',
          command: ['docker', 'exec', '-i', 'shop'],
          paths: ['/etc/shop', '/etc/shop/mysql.pem'],
          programs: [],
          services: {},
        },
      },
      { name: 'reports', caFile: undefined, certFile: undefined, host: { kind: 'local', sudo: false, paths: [], programs: [], services: {} } }, // prettier-ignore
    ],
  });
  expect(shop?.servers.map(({ serverTls }) => serverTls)).toEqual([
    { directory: '/etc/mysql/tls', names: [], optionFiles: undefined },
    { directory: '/srv/tls', names: ['*.db2'], optionFiles: undefined },
  ]);
  expect([plain?.serverTls, plain?.servers[0]?.serverTls]).toEqual([undefined, undefined]);
  expect(more?.serverTls).toMatchObject({ authority: 'two', renewBeforeSeconds: 864_000, lifetimeSeconds: 2_592_000 });
});

it('refuses what would not work, all of it at once', async () => {
  expect(
    await faultsOf(`authorities:
  one: { directory: pki }
  "t w o": { directory: ./pki/ }
clusters:
  a:
    server_tls: { authority: onne, directory: /etc/mysql/tls }
    hosts: { kind: local, paths: [/etc/mysql/tls2] }
    servers: { db1: { address: h:1 }, db2: { address: h:2 } }
  b:
    servers: { db1: { address: h, server_tls: { directory: /x } } }
  c:
    server_tls: { authority: one, directory: ../x, names: [10.0.0.300, "fe80::1%eth0", "a b", "ok"] }
    servers: { db1: { address: h } }
  d:
    server_tls: { authority: one, directory: /x, renew_before: 200d }
    servers: { db1: { address: h } }
  e:
    server_tls: { authority: one, replaces: one, directory: /x, applications: { lockstep: {} } }
    servers: { db1: { address: h } }
  f:
    server_tls: { authority: one, replaces: two, directory: /x }
    servers: { db1: { address: h } }
`),
  ).toEqual([
    '5:3 authorities."t w o": "t w o" is no name for an authority: expected letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 63',
    '5:25 authorities."t w o".directory: given "./pki/", which is already the directory of "one". Give each authority its own directory',
    '8:30 clusters.a.server_tls.authority: given "onne", which is none of the authorities. Did you mean "one"?',
    '10:16 clusters.a.servers.db1: the certificate of "db1" belongs in "/etc/mysql/tls", which is in none of the `paths` of its host. Add it there: on a host Lockstep touches nothing else than its `paths`',
    '10:39 clusters.a.servers.db2: the certificate of "db2" belongs in "/etc/mysql/tls", which is in none of the `paths` of its host. Add it there: on a host Lockstep touches nothing else than its `paths`',
    '10:39 clusters.a.servers.db2: the certificate of "db2" would go into "/etc/mysql/tls", where that of "db1" is. Give each its own: `servers: { NAME: { server_tls: { directory: … } } }`',
    '12:35 clusters.b.servers.db1.server_tls: nothing says from which authority the servers of this cluster get their certificates. Write `server_tls: { authority: …, directory: … }` in the cluster or under `defaults`',
    '14:46 clusters.c.server_tls.directory: given "../x", expected an absolute path below /, without "..", "//" or control characters',
    '14:60 clusters.c.server_tls.names[0]: given "10.0.0.300", expected a DNS name or an IP address',
    '14:72 clusters.c.server_tls.names[1]: given "fe80::1%eth0", expected a DNS name or an IP address',
    '14:88 clusters.c.server_tls.names[2]: given "a b", expected a DNS name or an IP address',
    '17:17 clusters.d.server_tls: expected a renew_before of at most half the lifetime, which is 365d when none is given',
    '20:17 clusters.e.server_tls: expected a `replaces` that is not the authority itself',
    '20:79 clusters.e.server_tls.applications: expected applications named by letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 63, and none of lockstep, applications',
    '23:45 clusters.f.server_tls.replaces: given "two", which is none of the authorities. There are: one, t w o',
  ]);
});

it('names the way to an authority where there is none', async () => {
  const [fault] = await faultsOf(
    'clusters: { a: { server_tls: { authority: x, directory: /x }, servers: { db1: { address: h } } } }\n',
  );
  expect(fault).toContain(
    'given "x", which is none of the authorities. Write `authorities: { NAME: { directory: … } }`',
  );
});

it('says what is missing to turn TLS on', async () => {
  const text = (more: string, paths: string) => `authorities: { one: { directory: pki } }
clusters:
  a:
    server_tls: { authority: one, directory: /etc/mysql/tls, ${more} }
    hosts: { kind: ssh, user: u, key_file: k, known_hosts_file: h, paths: [/etc/mysql/tls${paths}], programs: [/usr/sbin/mysqld] }
    servers: { db1: { address: h } }
`;
  const given = 'include_directory: /etc/mysql/conf.d/, server_command: [/usr/sbin/mysqld, --defaults-file=/x]';
  const { config } = await loaded(text(given, ', /etc/mysql'));
  expect(config.clusters[0]?.servers[0]?.serverTls?.optionFiles).toEqual({
    directory: '/etc/mysql/conf.d',
    command: ['/usr/sbin/mysqld', '--defaults-file=/x'],
  });
  expect(await faultsOf(text('keys: host', ''))).toEqual([
    expect.stringContaining('/usr/bin/openssl is none of its `programs`'),
  ]);
  expect(await faultsOf(text('include_directory: /etc/mysql/conf.d', ''))).toEqual([
    expect.stringContaining('include_directory stands without server_command'),
  ]);
  expect(
    await faultsOf(text('include_directory: /etc/mysql/conf.d, server_command: [/usr/sbin/mariadbd]', '')),
  ).toEqual([
    expect.stringContaining('the include_directory "/etc/mysql/conf.d" is in none of the `paths`'),
    expect.stringContaining('the program "/usr/sbin/mariadbd" of server_command is none of the `programs`'),
  ]);
});
