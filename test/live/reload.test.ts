import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { watch, type WatchingLockstep } from './lockstep.js';

describe('a reload', () => {
  const scope = new Scope();
  let sandbox: SandboxCluster;
  let lockstep: WatchingLockstep;

  beforeAll(async () => {
    sandbox = scope.own(await createCluster({ version: 'mariadb-10.11', replicas: 1 }), (cluster) => cluster.stop());
    const observe = { timeout: '5s', slow_interval: '1h', freshness: '1ms' };
    lockstep = scope.own(await watch(sandbox, { whole: { observe } }), (watching) => watching.stop());
  });

  afterAll(() => scope.end());

  it('goes on over the sessions of servers that are configured as before, and logs in anew where something changed', async () => {
    const sessions = async (name: string) =>
      (
        await sandbox.server(name).sql("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'lockstep_monitor'")
      ).map((row) => row['ID']);
    await lockstep.metrics();
    const before = { db1: await sessions('db1'), db2: await sessions('db2') };
    expect(before.db1).toHaveLength(1);

    const text = await readFile(lockstep.file, 'utf8');
    const { address } = sandbox.server('db2');
    const where = `address: ${address.host}:${address.port}`;
    await lockstep.rewrite(text.replace(where, `${where}\n        socket: ${sandbox.server('db2').socketPath}`));
    expect(await lockstep.app.reload()).toEqual({ reloaded: true });
    await lockstep.metrics();
    expect(await sessions('db1')).toEqual(before.db1);
    expect(await sessions('db2')).not.toEqual(before.db2);
  });
});
