import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../src/base/clock.js';
import { silentLog } from '../../src/base/log.js';
import { Scope } from '../../src/base/scope.js';
import { loadConfig } from '../../src/config/load.js';
import type { Channel } from '../../src/domain/snapshot.js';
import type { Observer } from '../../src/observe/observer.js';
import { OutlookMemory } from '../../src/observe/outlook-memory.js';
import { Vigil } from '../../src/observe/vigil.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration } from '../../src/sandbox/configuration.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { untilReplicating } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { observerOf } from '../../src/watched.js';
import { describeEach } from './matrix.js';

await describeEach('the outlook', (version) => {
  const scope = new Scope();
  const memory = new OutlookMemory();
  const fleet = ['db1', 'db2'].map((name) => ({ cluster: 'sandbox', name }));
  let sandbox: SandboxCluster;
  let observer: Observer;

  beforeAll(async () => {
    sandbox = scope.own(await createCluster({ version, replicas: 1 }), (made) => made.stop());
    const config = await loadConfig(await writeConfiguration(sandbox, { whole: { observe: { timeout: '2s' } } }));
    observer = observerOf(config, { clock: systemClock, log: silentLog, looked: (look) => memory.note(look) });
    scope.defer(() => observer.close());
    const second = () => 1000;
    const vigil = new Vigil({ observer: () => observer, clock: systemClock, interval: second, wholeInterval: second });
    vigil.start();
    scope.defer(() => vigil.stop());
  });

  afterAll(() => scope.end());

  const outlook = () => memory.of('sandbox', fleet);
  const reached = (count: number) => until(`${count} to answer`, () => outlook().fleet.reachable === count);

  async function channelOf(name: string): Promise<Channel | undefined> {
    const look = await observer.look('sandbox', name, { signal: AbortSignal.timeout(10_000) });
    return look.facts?.channels?.[0];
  }

  it('times an outage although nobody asks, and forgets it once the server is back', async () => {
    await reached(2);
    expect(outlook().outages).toEqual([]);
    const killedAt = Date.now();
    await sandbox.primary.kill();
    await until('a few looks to fail', () => (outlook().outages[0]?.looks ?? 0) >= 3);
    const [outage] = outlook().outages;
    expect(outage).toMatchObject({ server: 'db1', lastSeen: { name: 'db1', facts: { channels: [] } } });
    expect(outage?.since).toBeGreaterThanOrEqual(killedAt);
    expect((outage?.since ?? 0) - killedAt).toBeLessThan(5000);
    expect(outage?.reasons).toContain('refused');
    expect(outlook().fleet).toEqual({ servers: 2, reachable: 1 });
    await sandbox.primary.start();
    await sandbox.open(sandbox.primary);
    await reached(2);
    expect(outlook().outages).toEqual([]);
  });

  it('looks for metrics wait while a cluster is paused, and thorough ones do not', async () => {
    const signal = AbortSignal.timeout(20_000);
    const end = observer.pause('sandbox');
    let waited = false;
    const page = observer.lookAtCluster('sandbox', { signal }).then(() => (waited = true));
    await observer.lookAtCluster('sandbox', { signal, thorough: true });
    expect(waited).toBe(false);
    const impatient = await observer.look('sandbox', 'db1', { signal: AbortSignal.timeout(50) });
    expect(impatient.facts).toBeDefined();
    end();
    await page;
  });

  it('sees a frozen source fall silent within three heartbeat periods, and an idle one not', async () => {
    const db2 = sandbox.server('db2');
    await stopReplication(db2);
    await db2.sql(
      `CHANGE ${db2.column.flavour === 'mysql' ? 'REPLICATION SOURCE' : 'MASTER'} TO ${db2.column.sourceWord}_HEARTBEAT_PERIOD = 1`,
    );
    await startReplication(db2);
    await untilReplicating(db2);
    await until('a heartbeat', async () => (await channelOf('db2'))?.receivedAt !== undefined);
    const end = performance.now() + 4000;
    while (performance.now() < end)
      expect(await channelOf('db2')).toMatchObject({ heartbeatPeriodSeconds: 1, silent: false });
    const frozenAt = Date.now();
    await sandbox.primary.freeze();
    try {
      let last: Channel | undefined;
      await until('silence', async () => (last = await channelOf('db2'))?.silent === true);
      const took = (Date.now() - frozenAt) / 1000;
      console.info(`${version}: silent ${took.toFixed(1)} s after the freeze, io ${last?.io ?? ''}, lag ${last?.lagSeconds ?? ''}`); // prettier-ignore
      expect(took).toBeGreaterThan(0.5);
      expect(took).toBeLessThan(5);
      expect((last?.receivedAt ?? 0) - frozenAt).toBeLessThan(1500);
      await until('the outage', () => outlook().outages[0]?.server === 'db1');
      expect(outlook().outages[0]?.reasons).toEqual(['timeout']);
      console.info(
        `${version}: an outage ${((outlook().outages[0]?.since ?? 0) - frozenAt) / 1000} s after the freeze`,
      );
    } finally {
      sandbox.primary.thaw();
    }
    await reached(2);
    await until('sound', async () => (await channelOf('db2'))?.silent === false);
  });
});
