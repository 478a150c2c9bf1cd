import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { folderWith, lineOf, refusal } from './files.js';

const sound = `version: 1
defaults: { accounts: { monitor: { user: look, password_env: LOOK } } }
clusters: { shop: { servers: { db1: { address: db1 } } } }
`;

async function faultsOf(text: string, more: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const folder = folderWith({ 'lockstep.yml': text, ...more });
  const error = await refusal(loadConfig(path.join(folder, 'lockstep.yml')));
  return error.faults.map((fault) => `${path.relative(folder, fault.file)}:${lineOf(fault)}`);
}

it('lists every fault at once, in the order of the lines, with place, what was given, what is expected', async () => {
  const found = await faultsOf(`version: 2
listen: 12:34:56
tokens:
  - { name: a, role: admin, token_file: x }
  - { name: a, role: viewer }
defaults:
  acounts: {}
observe: { timeout: 10, slow_interval: 5 minutes, freshness: }
clusters:
  "bad name":
    servers:
      db1: { adress: "x:1" }
  shop:
    accounts: { monitor: { user: look, password_env: LOOK } }
    servers: { a: { address: h }, b: { address: "H.:3306" }, c: }
    tls: { cert_file: x }
    names: x
    registered_replicas: 2
roles: { bob: viewer }
`);
  expect(found.map((line) => line.replace('lockstep.yml:', ''))).toEqual([
    '1:10 version: given 2, expected 1, the only version of this format',
    '2:9 listen: given "12:34:56", expected an address such as 127.0.0.1:10104 or [::]:10104',
    '4:22 tokens[0].role: given "admin", expected one of viewer, operator, alertmanager',
    '5:5 tokens[1]: expected exactly one of token_file and token_env',
    '5:13 tokens[1].name: given "a", which another token is already called',
    '7:3 defaults.acounts: unknown key "acounts". Did you mean "accounts"?',
    '8:21 observe.timeout: given 10, expected a duration with its unit, such as 10s, 5m or 30d',
    '8:40 observe.slow_interval: given "5 minutes", expected a duration above zero with its unit, such as 10s, 5m or 30d',
    '8:51 observe.freshness: given an empty value, expected a duration with its unit, such as 10s, 5m or 30d',
    '10:3 clusters."bad name": "bad name" is no name for a cluster: expected letters, digits, ".", "_" and "-", beginning with a letter or digit, at most 63',
    '10:3 clusters."bad name": cluster "bad name" has no account to observe its servers with. Write `accounts: { monitor: { user: …, password_file: … } }` here or under `defaults`',
    '12:7 clusters."bad name".servers.db1.address: nothing given, expected an address such as db1.example:3306, 192.0.2.1:3306 or [2001:db8::1]:3306',
    '12:14 clusters."bad name".servers.db1.adress: unknown key "adress". Did you mean "address"?',
    '15:49 clusters.shop.servers.b.address: given "H.:3306", which is already the address of "a" in this cluster. Give each server its own address, or remove one of the two',
    '15:62 clusters.shop.servers.c: given an empty value, expected a mapping of address, socket, replication_tls, server_tls, hosts',
    '16:10 clusters.shop.tls: expected cert_file and key_file together, or neither',
    '17:12 clusters.shop.names: given "x", expected a list of host names',
    '18:26 clusters.shop.registered_replicas: given 2, expected true or false',
    '19:10 roles.bob: "bob" is no user of the web_config_file. Add the user there, or write CN=NAME for a client certificate',
  ]);
});

describe('a secret', () => {
  it.each([
    ['a password written out', 'defaults: { accounts: { monitor: { user: look, password: hunter2 } } }'],
    ['a password as the account', 'defaults: { accounts: { monitor: hunter2 } }'],
    ['a password as a variable name', 'defaults: { accounts: { monitor: { user: look, password_env: "hunter2!" } } }'],
    ['a passphrase written out', 'defaults: { hosts: { kind: ssh, user: x, key_file: k, passphrase: hunter2 } }'],
    ['a passphrase as a variable name', 'authorities: { a: { directory: x, passphrase_env: "hunter2!" } }'],
    ['a token written out', 'tokens: [{ name: a, role: viewer, token: hunter2 }]'],
    ['a token as the list', 'tokens: hunter2'],
    ['a URL with a password', 'listen: "mysql://root:hunter2@db1:3306"'],
    ['a user with a password', 'listen: "root:hunter2@db1:3306"'],
    ['an alias in its place', 'defaults: { accounts: { monitor: { user: look, password: *hunter2 } } }'],
    ['a broken escape', 'defaults: { accounts: { monitor: { user: look, password: "\\hunter2" } } }'],
    ['an unfinished quote', 'defaults: { accounts: { monitor: { user: look, password: "hunter2 } } }'],
    ['a reserved character', 'defaults: { accounts: { monitor: { user: look, password: @hunter2 } } }'],
    ['a colon', 'defaults:\n  accounts:\n    monitor:\n      password: pass: hunter2'],
  ])('is not printed: %s', async (_, text) => {
    const found = await faultsOf(`version: 1\nclusters: { shop: { servers: { db1: { address: db1 } } } }\n${text}\n`);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join('\n')).not.toContain('hunter2');
  });

  it('written out is refused with the way to do it', async () => {
    const found = await faultsOf(sound.replace('password_env: LOOK', 'password: x'));
    expect(found).toEqual([
      'lockstep.yml:2:48 defaults.accounts.monitor.password: a password must not stand in the configuration. Put it into a file of mode 0600 and write `password_file: /path/of/it`, or write `password_env: NAME` for an environment variable',
    ]);
  });

  it('has exactly one reference', async () => {
    const [none] = await faultsOf(sound.replace(', password_env: LOOK', ''));
    const [both] = await faultsOf(sound.replace('password_env: LOOK', 'password_env: LOOK, password_file: x'));
    expect(none).toContain('expected exactly one of password_file and password_env');
    expect(both).toContain('expected exactly one of password_file and password_env');
  });
});

describe('malformed YAML', () => {
  it.each([
    ['a tab', 'version: 1\nclusters:\n\tshop: {}', /2?3:1 .*a tab indents this line/],
    ['an open bracket', 'version: 1\nclusters: { shop: [', /a bracket is not closed/],
    ['two documents', 'version: 1\n---\nversion: 1\n', /more than one YAML document/],
    ['a tag', 'version: !secret 1', /a tag \(!name\)/],
    ['an unknown alias', 'version: *one', /an alias \(\*name\) with no anchor/],
    ['not a mapping', '- version', /given a list, expected a mapping of version, listen/],
    ['a mere word', 'hello', /expected a mapping of version, listen/],
    ['an empty file', '', /given an empty value, expected a mapping of version/],
    ['a prototype', `${sound}__proto__: { x: 1 }`, /a key "__proto__"/],
  ])('%s', async (_, text, expected) => {
    expect((await faultsOf(text)).join('\n')).toMatch(expected);
  });

  it('of a duplicate key is found together with the rest', async () => {
    const found = await faultsOf(`${sound}observe: { timeout: 1s, timeout: 2s, slow: 3s }\n`);
    expect(found[0]).toBe('lockstep.yml:4:25 : this key stands twice in the same mapping. Keep one of the two.');
    expect(found[1]).toContain('unknown key "slow"');
  });

  it('of anchors that multiply is refused quickly', async () => {
    const layers = Array.from({ length: 12 }, (_, n) => `a${n + 1}: &a${n + 1} [${`*a${n},`.repeat(9)}]`);
    const found = await faultsOf(`a0: &a0 [x, x]\n${layers.join('\n')}\n`);
    expect(found.join('\n')).toMatch(/uses its anchors/);
  });

  it('of endless depth is refused', async () => {
    const found = await faultsOf(`version: ${'['.repeat(100_000)}`);
    expect(found.length).toBeLessThan(10);
    expect(await faultsOf(`version: ${'['.repeat(20_000)}${']'.repeat(20_000)}`)).toHaveLength(1);
  });

  it('that is no text is refused', async () => {
    const folder = folderWith({ 'lockstep.yml': '' });
    writeFileSync(path.join(folder, 'lockstep.yml'), Buffer.from([0xff, 0xfe, 0x00]));
    const error = await refusal(loadConfig(path.join(folder, 'lockstep.yml')));
    expect(error.message).toContain('is not UTF-8 text');
  });
});

describe('files', () => {
  it('that are not there or are folders', async () => {
    const folder = folderWith({});
    const absent = await refusal(loadConfig(path.join(folder, 'absent.yml')));
    expect(absent.faults).toEqual([
      {
        file: path.join(folder, 'absent.yml'),
        line: undefined,
        column: undefined,
        path: '',
        message: 'there is no such file',
        remedy: 'Check the path; it is relative to the file that names it.',
      },
    ]);
    expect((await refusal(loadConfig(folder))).message).toContain('is a directory');
  });

  it('that are included name themselves in their faults', async () => {
    const found = await faultsOf(`${sound}include: [clusters/*.yml, absent.yml, nowhere/*.yml, "a/**/b"]\n`, {
      'clusters/a.yml': 'clusters: { shop: { servers: { db1: { addres: x } } } }',
      'clusters/b.yml': 'clusters: [',
      'clusters/c.yml': 'version: 1\nclusters: {}',
    });
    expect(found).toEqual([
      expect.stringContaining('lockstep.yml:4:39 include[2]: there is no folder "nowhere"') as string,
      expect.stringContaining('lockstep.yml:4:54 include[3]: "**" in "a/**/b" is not supported') as string,
      expect.stringMatching(
        /^clusters\/a.yml:1:13 clusters.shop: cluster "shop" is already defined in .*lockstep.yml line 3/,
      ) as string,
      expect.stringContaining('clusters/a.yml:1:32 clusters.shop.servers.db1.address: nothing given') as string,
      expect.stringContaining('clusters/a.yml:1:39 clusters.shop.servers.db1.addres: unknown key') as string,
      expect.stringContaining('clusters/b.yml:1:12 : malformed YAML') as string,
      expect.stringContaining('clusters/c.yml:1:1 version: unknown key "version". Known here: clusters') as string,
      expect.stringContaining('absent.yml:undefined:undefined : there is no such file') as string,
    ]);
  });

  it('of the web configuration are checked too, and tell which users exist', async () => {
    const found = await faultsOf(`${sound}web_config_file: web.yml\nroles: { alise: operator, CN=x: viewer }\n`, {
      'web.yml': 'basic_auth_users: { alice: $2y$10$abcdefghijklmnopqrstuuVdtTTnl9Vu4kzQ5kC0Vd5RXlg5z8f5e }',
    });
    expect(found).toEqual([
      'lockstep.yml:5:10 roles.alise: "alise" is no user of the web_config_file. Did you mean "alice"?',
      'lockstep.yml:5:27 roles."CN=x": no client certificate is verified, so "CN=x" is nobody. Set client_auth_type: VerifyClientCertIfGiven and client_ca_file in the web_config_file',
    ]);
    const broken = await faultsOf(`${sound}web_config_file: web.yml\n`, { 'web.yml': 'tls_server_config: {}' });
    expect(broken.every((line) => line.startsWith('web.yml:1:'))).toBe(true);
  });
});

it('asks for at least one cluster', async () => {
  expect(await faultsOf('version: 1\n')).toEqual([
    'lockstep.yml:1:1 clusters: no cluster is configured. Name at least one, with its servers, here or in an included file',
  ]);
});

it.each([
  ['mysql://db1', false],
  ['db1:0', false],
  ['db1:65536', false],
  ['db1:x', false],
  ['db 1', false],
  ['2001:db8::1', false],
  ['[2001:db8::1', false],
  ["db1'; DROP", false],
  ['db1', true],
  ['db_1.example.:65535', true],
  ['[::1]:3306', true],
])('takes the address %j: %s', async (address, good) => {
  const folder = folderWith({ 'lockstep.yml': sound.replace('address: db1', `address: ${JSON.stringify(address)}`) });
  const work = loadConfig(path.join(folder, 'lockstep.yml'));
  if (good) await work;
  else expect((await refusal(work)).message).toContain('expected an address such as');
});

describe('hosts', () => {
  const textWith = (hosts: string, db2: string) => `version: 1
defaults: { accounts: { monitor: { user: look, password_env: LOOK } } }
clusters:
  shop:
    servers: { db1: { address: a }, db2: { address: b, hosts: ${db2} } }
    hosts: ${hosts}
`;
  /** The faults, without file and line. */
  async function faultsWith(hosts: string, db2 = '{}'): Promise<readonly string[]> {
    const found = await faultsOf(textWith(hosts, db2));
    return found.map((line) => line.replace(/^[^ ]* (clusters.shop.)?/, ''));
  }
  const ssh = 'kind: ssh, user: lockstep, key_file: k';

  it.each([
    ['local', '{ kind: local, paths: [/etc/mysql/tls/], sudo: true }', '{ paths: [/etc/mysql/tls/db2] }'],
    ['ssh', `{ ${ssh}, known_hosts_file: h, passphrase_env: P }`, '{ address: "b:2222", user: root }'],
    ['a server with a key of its own', `{ ${ssh}, host_key: [SHA256:${'a'.repeat(43)}] }`, '{}'],
    ['a command with a placeholder', '{ kind: command, command: [docker, exec, -i, "{server}"] }', '{}'],
    ['services', '{ kind: local, services: { mysql: [systemctl, restart, mariadb] }, programs: [/bin/x] }', '{}'],
  ])('are accepted: %s', async (_, hosts, db2) => {
    const folder = folderWith({ 'lockstep.yml': textWith(hosts, db2) });
    const config = await loadConfig(path.join(folder, 'lockstep.yml'));
    expect(config.clusters[0]?.servers.map((server) => server.host?.kind)).not.toContain(undefined);
  });

  it.each<[string, string, string, string | RegExp]>([
    ['no mapping', 'local', '{}', 'hosts: given "local", expected a mapping with `kind` and what belongs to it'],
    ['no kind', '{}', '{}', 'hosts.kind: nothing given, expected one of local, ssh, command'],
    ['another kind', '{ kind: salt }', '{}', 'hosts.kind: given "salt", expected one of local, ssh, command'],
    [
      'a key of another kind',
      '{ kind: local, user: x }',
      '{}',
      'hosts.user: unknown key "user". Known here: kind, sudo, paths, programs, services',
    ],
    [
      'a relative path',
      '{ kind: local, paths: [etc] }',
      '{}',
      'hosts.paths[0]: given "etc", expected an absolute path below /, without "..", "//" or control characters',
    ],
    ['all paths', '{ kind: local, paths: [/] }', '{}', /^hosts.paths\[0\]: given "\/", expected an absolute path/],
    ['a way up', '{ kind: local, paths: [/a/../etc] }', '{}', /^hosts.paths\[0\]: given "\/a\/\.\.\/etc", expected/],
    ['a program by name', '{ kind: local, programs: [rm] }', '{}', /^hosts.programs\[0\]: given "rm", expected/],
    [
      'a service as a line',
      '{ kind: local, services: { mysql: systemctl restart mysql } }',
      '{}',
      'hosts.services.mysql: given "systemctl restart mysql", expected the words of a command, the program first, such as [systemctl, restart, mariadb]',
    ],
    [
      'no way to log in',
      '{ kind: ssh, user: x, known_hosts_file: h }',
      '{}',
      'hosts: expected exactly one of key_file and agent',
    ],
    [
      'two ways to log in',
      `{ ${ssh}, agent: /run/agent, known_hosts_file: h }`,
      '{}',
      'hosts: expected exactly one of key_file and agent',
    ],
    [
      'no key file for its passphrase',
      '{ kind: ssh, user: x, agent: /run/agent, passphrase_env: P, known_hosts_file: h }',
      '{}',
      'hosts: expected a passphrase with key_file, not with agent',
    ],
    [
      'a passphrase written out',
      `{ ${ssh}, passphrase: x, known_hosts_file: h }`,
      '{}',
      'hosts.passphrase: a passphrase must not stand in the configuration. Put it into a file of mode 0600 and write `passphrase_file: /path/of/it`, or write `passphrase_env: NAME` for an environment variable',
    ],
    [
      'no host key',
      `{ ${ssh} }`,
      `{ host_key: SHA256:${'a'.repeat(43)} }`,
      'servers.db1: nothing says which host key the host of "db1" has. Write `known_hosts_file` under its `hosts`, or `host_key: SHA256:…`',
    ],
    [
      'a host key of another kind',
      `{ ${ssh}, host_key: MD5:00 }`,
      '{}',
      'hosts.host_key: given "MD5:00", expected the SHA256:… fingerprint of a host key, as `ssh-keygen -l` prints it, or a list of such',
    ],
    [
      'a port that is none',
      `{ ${ssh}, known_hosts_file: h, port: 0 }`,
      '{}',
      'hosts.port: given 0, expected a port, 1 to 65535',
    ],
    [
      'a command that cannot tell its servers apart',
      '{ kind: command, command: [docker, exec, -i, db1] }',
      '{ command: [docker, exec, -i, db2] }',
      'servers.db1: the command of its `hosts` does not tell "db1" from the other servers. Put {server} or {host} into it, or write `hosts: { command: … }` for this server',
    ],
    [
      'an unknown placeholder',
      '{ kind: command, command: [docker, exec, -i, "{sever}"] }',
      '{}',
      'hosts.command: given a list, expected no other placeholder than {server} and {host}',
    ],
    [
      'a command that hands over a line',
      '{ kind: command, command: [/usr/bin/ssh, "{host}"] }',
      '{}',
      'hosts.command: given a list, expected a program that hands on each argument as it is, which ssh does not: write `kind: ssh`',
    ],
    [
      'an address where none is asked',
      '{ kind: local }',
      '{ address: b }',
      'servers.db2.hosts.address: "address" belongs to hosts of kind ssh; these are "local"',
    ],
  ])('are refused: %s', async (_, hosts, db2, expected) => {
    expect(await faultsWith(hosts, db2)).toEqual([
      typeof expected === 'string' ? expected : (expect.stringMatching(expected) as string),
    ]);
  });

  it('of a server alone are refused', async () => {
    const found = await faultsOf(sound.replace('address: db1', 'address: db1, hosts: { paths: [/a] }'));
    expect(found).toEqual([
      'lockstep.yml:3:53 clusters.shop.servers.db1.hosts: nothing says how the hosts of this cluster are reached. Write `hosts: { kind: … }` in the cluster or under `defaults`',
    ]);
  });
});

it('names what is wrong with receivers and with times of a schedule', async () => {
  const found = await faultsOf(`${sound}journal: { directory: j, prune: 0 0 31 4 * }
notify:
  - { kind: silence }
  - { kind: slack }
  - { kind: webhook, url_env: A, on: [everything] }
  - { kind: grafana, url: "grafana", token_env: D }
  - { kind: mail }
`);
  expect(found).toEqual([
    'lockstep.yml:4:33 journal.prune: given "0 0 31 4 *", expected five fields of a cron expression, such as "23 4 * * *"',
    'lockstep.yml:6:13 notify[0].kind: given "silence", but no Alertmanager is configured that could be silenced. Write `alertmanager: { urls: [ … ] }`, or remove this receiver',
    'lockstep.yml:7:5 notify[1]: expected exactly one of url_file and url_env',
    'lockstep.yml:8:39 notify[2].on[0]: given "everything", expected one of approval-wanted, started, ended, needs-human, waiting',
    'lockstep.yml:9:27 notify[3].url: given "grafana", expected an address such as https://grafana.example:3000',
    'lockstep.yml:10:13 notify[4].kind: given "mail", expected a kind: webhook, slack, silence or grafana',
  ]);
});
