import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createApp } from '../src/app.js';
import { silentLog } from '../src/base/log.js';
import { loadConfig } from '../src/config/load.js';
import { ConfigError, faultLine } from '../src/config/fault.js';
import { loadWhole } from '../src/load-whole.js';
import { actingAlone, checkPolicies } from '../src/policies.js';
import { procedures } from './intake/scene.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lockstep-policies-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, 'lockstep.yml');

function write(policies: string): string {
  writeFileSync(
    file,
    `version: 1
defaults: { accounts: { monitor: { user: look, password_env: LOOK } } }
clusters:
  shop: { servers: { db1: { address: a }, db2: { address: b } } }
  shop-eu: { servers: { db1: { address: c }, db3: { address: d } } }
tokens: [{ name: am, role: alertmanager, token_env: AM }]
journal: { directory: journal }
automation: { windows: { nights: { from: 22:00, to: 06:00 } } }
policies:
${policies}`,
  );
  return file;
}

async function faultsOf(policies: string): Promise<readonly string[]> {
  const config = await loadConfig(write(policies));
  const error = await checkPolicies(config, procedures).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof ConfigError ? error.faults.map((fault) => faultLine(fault).replace(`${folder}/`, '')) : [];
}

it('policies give their procedures parameters that those have', async () => {
  const right = `  - { match: ['a=a'], run: restart-replication, with: { cluster: shop, server: db2, channel: audit } }
  - { match: ['a=b'], run: require-tls, with: { over: 14d, scope: server }, labels: { cluster: site } }
  - { match: ['a=c'], run: secure-channel, with: { server: db3 }, labels: { channel: connection_name } }
`;
  expect(await faultsOf(right)).toEqual([]);
  const wrong = `  - { match: ['a=a'], run: restart-replication, with: { serve: db1, cluster: shops }, labels: { sever: host } }
  - { match: ['a=b'], run: require-tls, with: { over: '14', scope: all, days: '7' }, labels: { tls: x } }
  - { match: ['a=c'], run: restart-replication, with: { cluster: shop, server: db3 } }
  - { match: ['a=d'], run: restart-replication, with: { server: db4 } }
  - { match: ['a=e'], run: require-tls, labels: { over: days } }
`;
  expect(await faultsOf(wrong)).toEqual([
    'lockstep.yml:10:57 policies[0].with.serve: restart-replication has no parameter "serve". Did you mean "server"?',
    'lockstep.yml:10:78 policies[0].with.cluster: given "shops", expected one of shop, shop-eu',
    'lockstep.yml:10:97 policies[0].labels.sever: restart-replication has no parameter "sever". Did you mean "server"?',
    'lockstep.yml:11:55 policies[1].with.over: given "14", expected a duration with its unit, such as 10s, 5m or 30d',
    'lockstep.yml:11:68 policies[1].with.scope: given "all", expected one of accounts, server',
    'lockstep.yml:11:73 policies[1].with.days: require-tls has no parameter "days". It has cluster, over, scope',
    'lockstep.yml:11:96 policies[1].labels.tls: require-tls has no parameter "tls". It has cluster, over, scope',
    'lockstep.yml:12:80 policies[2].with.server: given "db3", expected one of db1, db2',
    'lockstep.yml:13:65 policies[3].with.server: given "db4", expected one of db1, db2, db3',
    'lockstep.yml:14:51 policies[4].labels.over: a label only chooses among what is known, and "over" is a length of time. Fix it: `with: { over: 7d }`',
  ]);
});

it('are held against the procedures of this version when the configuration is loaded', async () => {
  const config = write(`  - { match: ['a=a'], run: restart-replication, with: { thread: SQL } }\n`);
  await expect(loadWhole(config)).rejects.toThrow(/restart-replication has no parameter "thread"/);
  await expect(loadConfig(config).then((loaded) => checkPolicies(loaded, []))).rejects.toThrow(
    /this version does not have the procedure "restart-replication"/,
  );
  const example = path.join(import.meta.dirname, '../deploy/lockstep.example.yml');
  expect((await loadWhole(example)).automation?.policies).toHaveLength(3);
});

it('are held against them at a reload too, and a wrong one leaves the old in force', async () => {
  const app = createApp(await loadWhole(write(`  - { match: ['a=a'], run: restart-replication }\n`)), silentLog);
  write(`  - { match: ['a=a'], run: restart-replication, with: { thread: SQL } }\n`);
  expect(await app.reload()).toMatchObject({
    reloaded: false,
    code: 'config-invalid',
    faults: [{ line: 10, path: 'policies[0].with.thread' }],
  });
  await app.stop('the test is over');
});

it('what may act alone is told cluster by cluster', async () => {
  const config = await loadConfig(
    write(`  - { match: ['alertname=A', 'cluster=~"shop-.*"'], run: restart-replication, mode: auto, window: nights }
  - { match: ['alertname=B'], run: restart-replication, mode: auto, with: { cluster: shop } }
  - { match: ['alertname=C', 'site="shop"'], run: restart-replication, mode: auto, labels: { cluster: site } }
  - { match: ['alertname=D', 'cluster!="shop"'], run: fence-writable-replica, mode: auto }
  - { match: ['alertname=E'], run: fence-writable-replica, mode: auto }
  - { match: ['alertname=F'], run: fence-writable-replica, mode: approve }
  - { match: ['alertname=G'], run: fence-writable-replica }
`),
  );
  expect(actingAlone(config, { name: 'shop' })).toEqual([
    'restart-replication on alertname=B',
    'restart-replication on alertname=C, site="shop"',
    'fence-writable-replica on alertname=E',
  ]);
  expect(actingAlone(config, { name: 'shop-eu' })).toEqual([
    'restart-replication on alertname=A, cluster=~"shop-.*", in the window nights',
    'fence-writable-replica on alertname=D, cluster!="shop"',
    'fence-writable-replica on alertname=E',
  ]);
});
