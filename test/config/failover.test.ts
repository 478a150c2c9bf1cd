import path from 'node:path';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.js';
import { folderWith, lineOf, refusal } from './files.js';

const head = `version: 1
defaults:
  accounts: { monitor: { user: look, password_env: LOOK } }
`;

async function clustersIn(text: string) {
  const folder = folderWith({ 'lockstep.yml': head + text });
  return (await loadConfig(path.join(folder, 'lockstep.yml'))).clusters;
}

async function faultsIn(text: string): Promise<readonly string[]> {
  const folder = folderWith({ 'lockstep.yml': head + text });
  return (await refusal(loadConfig(path.join(folder, 'lockstep.yml')))).faults.map(lineOf);
}

it('is that of the cluster, or that of `defaults`, and lets machines run what it names', async () => {
  const [shop, till] = await clustersIn(`  failover: { evidence: 20s }
  hosts: { kind: local, programs: [/bin/true] }
clusters:
  shop:
    servers: { db1: { address: db1 }, db2: { address: db2 } }
    failover:
      looks: 5
      never: [db2]
      prefer: [db1]
      fence: [/usr/bin/systemctl, stop, "mysql@{server}"]
      tail: { program: /usr/bin/mysqlbinlog, directory: /srv }
  till: { servers: { db1: { address: db1 } } }
`);
  expect(shop?.failover).toEqual({
    evidenceSeconds: 10,
    looks: 5,
    never: ['db2'],
    preferred: ['db1'],
    fence: ['/usr/bin/systemctl', 'stop', 'mysql@{server}'],
    tail: { program: '/usr/bin/mysqlbinlog', directory: '/srv' },
  });
  expect(shop?.servers[0]?.host?.programs).toEqual(['/bin/true', '/usr/bin/systemctl', '/usr/bin/mysqlbinlog']);
  expect(till?.failover).toMatchObject({ evidenceSeconds: 20, looks: 3, fence: undefined });
  expect(till?.servers[0]?.host?.programs).toEqual(['/bin/true']);
});

it.each([
  ['one look', 'looks: 1', 'clusters.shop.failover.looks: given 1, expected a number of looks from 2 to 100'],
  ['a program that is searched for', 'fence: [systemctl, stop, mysql]', 'clusters.shop.failover.fence: given a list, expected the words of a command, an absolute program first, such as [/usr/bin/systemctl, stop, mariadb]'], // prettier-ignore
  ['a server of another cluster', 'never: [db9]', 'clusters.shop.failover.never[0]: the cluster has no server "db9". Did you mean "db1"?'], // prettier-ignore
  ['no way to the machine', 'fence: [/bin/stop]', 'clusters.shop.failover.fence: nothing says how the hosts of "shop" are reached, to run that there. Write `hosts: { kind: … }` in the cluster or under `defaults`'], // prettier-ignore
])('refuses %s', async (_, keys, expected) => {
  const found = await faultsIn(`clusters:\n  shop: { servers: { db1: { address: db1 } }, failover: { ${keys} } }\n`);
  expect(found.map((line) => line.replace(/^\d+:\d+ /, ''))).toContain(expected);
});
