import path from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { folderWith, lineOf, refusal } from './files.js';

const head = `version: 1
defaults:
  accounts: { monitor: { user: look, password_env: LOOK } }
`;

async function announcersIn(text: string) {
  const folder = folderWith({ 'lockstep.yml': head + text });
  const { clusters } = await loadConfig(path.join(folder, 'lockstep.yml'));
  return Object.fromEntries(clusters.map(({ name, announcers }) => [name, announcers]));
}

async function faultsIn(text: string): Promise<readonly string[]> {
  const folder = folderWith({ 'lockstep.yml': head + text });
  return (await refusal(loadConfig(path.join(folder, 'lockstep.yml')))).faults.map(lineOf);
}

it('gives each announcer a name and defaults, and a cluster those of `defaults` unless it has its own', async () => {
  const found = await announcersIn(`
  announce:
    - { kind: hosts-file, file: /etc/hosts }
    - { kind: hosts-file, file: /srv/hosts, names: [primary], addresses: { db1: 198.51.100.1 } }
    - { kind: command, name: dns, argv: [/bin/announce, x], hold: 4s }
    - { kind: haproxy, socket: /run/admin.sock, backend: mysql }
    - { kind: haproxy, name: far, address: 'lb:9999', backend: b, servers: { db1: a }, hold: 4s, cut: false, state_file: /x/y }
    - { kind: webhook, url_file: hook.url, read_url_env: READ, signing_key_file: /k }
    - kind: salt-pillar
      file: /srv/pillar/infra/production.sls
      key: infra:hosts_entries:masterdb
      apply: { kind: salt-api, url: 'https://salt:8000/', user: lockstep, password_file: p, target: 'app*' }
clusters:
  shop: { names: [masterdb], servers: { db1: { address: 192.0.2.1 }, db2: { address: '[2001:db8::2]' } } }
  till: { servers: { db1: { address: db1 } }, announce: [{ kind: command, argv: [/x], reads: false }] }
  none: { servers: { db1: { address: db1 } }, announce: [] }
`);
  expect(found).toEqual({
    shop: [
      { kind: 'hosts-file', name: 'hosts-file', file: '/etc/hosts', names: undefined, addresses: {}, host: undefined },
      {
        kind: 'hosts-file',
        name: 'hosts-file-2',
        file: '/srv/hosts',
        names: ['primary'],
        addresses: { db1: '198.51.100.1' },
        host: undefined,
      },
      { kind: 'command', name: 'dns', argv: ['/bin/announce', 'x'], reads: true, holdSeconds: 4, host: undefined },
      { kind: 'haproxy', name: 'haproxy', api: { path: '/run/admin.sock' }, backend: 'mysql', servers: {}, holdSeconds: undefined, cut: true, stateFile: undefined, host: undefined }, // prettier-ignore
      { kind: 'haproxy', name: 'far', api: { host: 'lb', port: 9999 }, backend: 'b', servers: { db1: 'a' }, holdSeconds: 4, cut: false, stateFile: '/x/y', host: undefined }, // prettier-ignore
      {
        kind: 'webhook',
        name: 'webhook',
        url: { from: 'file', path: expect.stringMatching(/^\/.*\/hook\.url$/) as unknown },
        readUrl: { from: 'environment', variable: 'READ' },
        signingKey: { from: 'file', path: '/k' },
        holdSeconds: undefined,
        caFile: undefined,
      },
      {
        kind: 'salt-pillar',
        name: 'salt-pillar',
        file: '/srv/pillar/infra/production.sls',
        key: 'infra:hosts_entries:masterdb',
        addresses: {},
        host: undefined,
        apply: {
          kind: 'salt-api',
          url: 'https://salt:8000',
          user: 'lockstep',
          password: { from: 'file', path: expect.stringMatching(/\/p$/) as unknown },
          ...{ eauth: 'pam', target: 'app*', targetType: 'glob', run: 'state.apply', arguments: [], atLeast: 1 },
          caFile: undefined,
        },
      },
    ],
    till: [{ kind: 'command', name: 'command', argv: ['/x'], reads: false, holdSeconds: undefined, host: undefined }],
    none: [],
  });
});

it('lets the machine of an announcer be touched where the announcer needs it, and nowhere else', async () => {
  const ssh = 'kind: ssh, address: "salt.example:2222", user: lockstep, agent: /a, known_hosts_file: k';
  const found = await announcersIn(`
clusters:
  shop:
    names: [masterdb]
    servers: { db1: { address: 192.0.2.1 } }
    announce:
      - { kind: hosts-file, file: /srv/hosts, host: { ${ssh} } }
      - { kind: command, argv: [/bin/announce], host: { kind: command, command: [docker, exec, -i, salt] } }
`);
  expect(found['shop']?.map((one) => 'host' in one && one.host)).toMatchObject([
    { kind: 'ssh', address: { host: 'salt.example', port: 2222 }, paths: ['/srv'], programs: [] }, // prettier-ignore
    { kind: 'command', command: ['docker', 'exec', '-i', 'salt'], paths: [], programs: ['/bin/announce'] },
  ]);
});

it('names every fault with its line', async () => {
  const found = await faultsIn(`
clusters:
  shop:
    servers: { db1: { address: db1.example }, db2: { address: 192.0.2.1 }, db3: { address: '192.0.2.1:3307' } }
    announce:
      - { kind: hosts-file, file: etc/hosts }
      - { kind: pigeon }
      - { kind: command, name: dns, argv: [announce] }
      - { kind: command, name: dns, argv: [/announce], host: { kind: ssh, address: x, user: u, agent: /a } }
      - { kind: hosts-file, file: /etc/hosts, names: [a], addresses: { dbl: 192.0.2.9, db1: db1 } }
      - { kind: command, argv: [/x], host: { kind: command, command: [docker, exec, "{server}"] } }
      - { kind: haproxy, socket: /a, address: 'x:1', backend: "b; x", hold: 1m, servers: { db9: x } }
      - { kind: haproxy, address: x, backend: b }
      - { kind: webhook, url: https://x }
      - { kind: salt-pillar, file: /f, key: 'a::b', apply: { kind: salt-api, url: salt, user: u, password: x, target: t } }
`);
  const ip = 'a hosts file takes IP addresses';
  const twins = '"db2" and "db3" of "shop" have the same IP address, so a hosts file cannot tell which is meant. Give each an IP address of its own, or use another announcer'; // prettier-ignore
  expect(found).toEqual([
    `9:9 clusters.shop.announce[0]: nothing says what applications call the primary of "shop". Write \`names: [masterdb]\` in the cluster or for this announcer`,
    `9:9 clusters.shop.announce[0]: the address of "db1" in "shop" is a name, and ${ip}. Write \`addresses: { db1: … }\` for this announcer`,
    `9:9 clusters.shop.announce[0]: ${twins}`,
    '9:35 clusters.shop.announce[0].file: given "etc/hosts", expected an absolute path',
    '10:17 clusters.shop.announce[1].kind: given "pigeon", expected one of salt-pillar, hosts-file, haproxy, webhook, command',
    '11:43 clusters.shop.announce[2].argv: given a list, expected the words of a command, an absolute program first, such as [/usr/local/bin/announce, shop]',
    '12:9 clusters.shop.announce[3]: another announcer here is already called "dns". Give it a `name` of its own',
    '12:62 clusters.shop.announce[3].host: expected known_hosts_file or host_key',
    `13:9 clusters.shop.announce[4]: ${twins}`,
    '13:72 clusters.shop.announce[4].addresses.dbl: "dbl" is no server of this cluster. Did you mean "db1"?',
    '13:93 clusters.shop.announce[4].addresses.db1: given "db1", expected an IP address',
    '14:44 clusters.shop.announce[5].host: expected a command without placeholders: it leads to one machine',
    '15:9 clusters.shop.announce[6]: expected exactly one of socket and address',
    '15:63 clusters.shop.announce[6].backend: given "b; x", expected a name without spaces, quotes, ";" and "/"',
    '15:77 clusters.shop.announce[6].hold: given "1m", expected a duration of at most 30s, such as 4s',
    '15:92 clusters.shop.announce[6].servers.db9: "db9" is no server of this cluster. Did you mean "db1"?',
    '16:35 clusters.shop.announce[7].address: given "x", expected an address with its port, such as 127.0.0.1:9999',
    '17:9 clusters.shop.announce[8]: expected exactly one of url_file and url_env',
    '17:26 clusters.shop.announce[8].url: unknown key "url". Known here: kind, name, url_file, url_env, read_url_file, read_url_env, signing_key_file, signing_key_env, hold, ca_file, readers',
    '18:45 clusters.shop.announce[9].key: given "a::b", expected the key of a pillar, such as infra:hosts_entries:masterdb',
    '18:83 clusters.shop.announce[9].apply.url: given "salt", expected an address such as https://salt.example:8000',
    '18:98 clusters.shop.announce[9].apply.password: a password must not stand in the configuration. Put it into a file of mode 0600 and write `password_file: /path/of/it`, or write `password_env: NAME` for an environment variable',
  ]);
});
