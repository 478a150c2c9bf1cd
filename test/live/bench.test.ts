import path from 'node:path';
import { expect, it } from 'vitest';
import { command } from '../../src/sandbox/command.js';

const root = path.resolve(import.meta.dirname, '../..');
const within = 240_000;

/** As `npm run bench:…` does it. What the figures are is not this test's business: the machine is not its own. */
function bench(...args: readonly string[]): Promise<string> {
  return command(process.execPath, [path.join(root, 'tools/bootstrap.mjs'), 'bench', ...args], { cwd: root });
}

it(
  'measures a fleet of simulated servers, some of which hang',
  async () => {
    const text = await bench('fleet', '--quick');
    expect(text).toMatch(/^40 servers in 20 clusters, each probed every 1 s/);
    for (const window of ['probes alone', 'and /metrics each interval', 'one in ten hanging'])
      expect(text, text).toMatch(new RegExp(`met +${window}: errors: 0\\.00`));
  },
  within,
);

it(
  'measures a storm of alerts, of which none is lost and none makes two runs',
  async () => {
    const text = await bench('webhook', '--quick');
    expect(text).toMatch(/^100 alerts per second for 3 s, 10 new episodes among them/);
    for (const what of [
      'requests that failed',
      'alerts that nothing was said of',
      'episodes without a run after the restart',
      'episodes with two runs',
      'runs of nothing that was sent',
    ])
      expect(text, text).toMatch(new RegExp(`met +${what}: 0\\.00`));
    expect(text, text).toMatch(/10 accepted, 290 repeated; by Lockstep's own counters: 10 accepted, 290 repeated/);
    expect(text, text).toMatch(/10 planned; journal: ✔/);
  },
  within,
);

it(
  'measures how long a replica takes to build anew, beside plain tools, and compares what each has built',
  async () => {
    const text = await bench('rebuild', '--quick');
    const copiers = {
      'MariaDB 10.11': ['Lockstep, backup', 'mariadb-backup | mbstream', 'Lockstep, dump', 'mydumper, then myloader', 'mariadb-dump | mariadb'], // prettier-ignore
      'MySQL 9.7': ['Lockstep, clone', 'CLONE INSTANCE', 'Lockstep, dump', 'mysqldump | mysql'],
    };
    const parts = text.split(/^(?=\w+ [\d.]+, \d+ MB of tables and indexes, 1 rounds)/m);
    for (const [title, ways] of Object.entries(copiers)) {
      const part = parts.find((one) => one.startsWith(title));
      for (const way of ways)
        expect(part, text).toMatch(new RegExp(`^${way.replace('|', '\\|')} +[\\d.]+ s +\\d+ MB/s`, 'm'));
    }
  },
  within,
);

it(
  'measures Lockstep and its peers on one replica',
  async () => {
    const text = await bench('scrape', '--server', 'mariadb-10.11', '--scrapes', '10');
    expect(text).toMatch(/^mariadb-10\.11: one replica, 10 scrapes of each/);
    for (const contender of ['Lockstep', 'mysqld_exporter 0.14', 'mysqld_exporter 0.19'])
      expect(text.match(new RegExp(`^${contender} +[\\d.]+ ms +[\\d.]+ ms`, 'gm')), text).toHaveLength(2);
    expect(text).toMatch(/met +resident memory/);
    // Counts hold on every machine: five statements for all, one for replication, and no login of its own.
    expect(text).toMatch(/^Lockstep +\S+ ms +\S+ ms +5\.\d\d +0\.0/m);
    expect(text).toMatch(/^Lockstep +\S+ ms +\S+ ms +1\.\d\d +0\.0/m);
  },
  within,
);
