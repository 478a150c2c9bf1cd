import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { until } from '../../src/sandbox/until.js';
import { watch, type WatchingLockstep } from './lockstep.js';
import { matrix } from './matrix.js';
import { reasonDown } from './readings.js';
import { commandsOf } from './witness.js';

const version = matrix[0] ?? 'mariadb-10.11';

describe('sessions that are replaced all the time', () => {
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let lockstep: WatchingLockstep;

  beforeAll(async () => {
    sandbox = await createCluster({ version, replicas: 0 });
    scope.defer(() => sandbox.stop());
    const observe = { timeout: '5s', slow_interval: '40ms', freshness: '1ms' };
    lockstep = await watch(sandbox, { whole: { observe } });
    scope.defer(() => lockstep.stop());
  });

  afterAll(() => scope.end());

  it('are never ended under a look, and do not pile up', async () => {
    const logins = new Set<number>();
    const kinds = [[], ['replication'], ['tls'], ['certificates']];
    const down: (string | undefined)[] = [];
    await until('many logins', async () => {
      const pages = await Promise.all(kinds.map((collect) => lockstep.probe('db1', collect)));
      for (const page of pages) {
        logins.add(page.value('mysql_login_timestamp_seconds') ?? NaN);
        if (reasonDown(page) !== undefined) down.push(reasonDown(page));
      }
      return logins.size >= 40;
    });
    expect(down).toEqual([]);
    const { user } = sandbox.accounts.monitor;
    await until('the old ones to have gone', async () => (await commandsOf(sandbox.primary, user)).length <= 2);
  });
});
