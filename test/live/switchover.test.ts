import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { relationsOf } from '../../src/domain/relations.js';
import type { Scene } from '../../src/domain/scene.js';
import { topologyOf } from '../../src/domain/topology.js';
import { pauseIn } from '../../src/domain/write-pause.js';
import { switchover } from '../../src/procedures/switchover.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach } from './matrix.js';
import { expectOneOpen } from './one-open.js';
import { Workbench, textOf } from './workbench.js';
import { lostOn, Writers } from './writers.js';

for (const mode of ['gtid', 'position'] as const)
  await describeEach(`switchover by ${mode},`, (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 2, mode, durable: true }), (cluster) =>
        cluster.stop(),
      );
      bench = await Workbench.open(scope, sandbox);
      await Writers.prepare(sandbox);
    });
    afterAll(() => scope.end());

    it('there and back under writes loses nothing, and keeps TLS', async () => {
      for (const [from, to] of [
        ['db1', 'db2'],
        ['db2', 'db3'],
        ['db3', 'db1'],
      ] as const) {
        const against = (scene: Scene) => switchover.refusals(scene, bench.parameters({ to, from }));
        await bench.lookUntil(`nothing against ${to}`, (scene) => against(scene).length === 0);
        const writers = await Writers.start(sandbox);
        await until('writes', () => Promise.resolve(writers.count > 20));
        const ran = await bench.run(switchover, bench.parameters({ to, from }));
        const reached = writers.count;
        if (process.env['SHOW'] !== undefined) process.stderr.write(`${textOf(ran)}\n`);
        expect(ran.outcome, ran.why).toBe('succeeded');
        await until('writes go on', () => Promise.resolve(writers.count > reached + 20));
        const { acknowledged, gap } = await writers.stop();
        process.stderr.write(
          `${version} ${mode} ${from} -> ${to}: ${acknowledged.length} acknowledged, gap ${gap.toFixed(0)} ms\n`,
        );
        // Nothing was acknowledged between the lock, which is waited for for a second at most, and the promotion.
        const { promoted } = pauseIn(ran.notes);
        expect(promoted).toBeGreaterThan(0);
        expect(promoted).toBeLessThan(gap / 1000 + 1);
        expectSeen(await bench.look(), to);
        await expectOneOpen(sandbox.servers, sandbox.server(to), sandbox.server(from));
        for (const server of sandbox.servers) {
          if (server.name !== to) await untilCaughtUp(server, sandbox.server(to));
          expect(await lostOn(server, acknowledged), `${server.name} after ${from} -> ${to}`).toEqual([]);
        }
      }
    });
  });

/** So does Lockstep see it: one server is open, and all others follow it over TLS that both ends know of. */
function expectSeen({ snapshot }: Scene, to: string): void {
  const topology = topologyOf(snapshot);
  expect(topology.kind).toBe('async');
  expect(topology.primary).toBe(to);
  expect(topology.writable).toEqual([to]);
  expect(topology.links.map(({ source }) => source)).toEqual(topology.links.map(() => to));
  expect(topology.links.length).toBe(snapshot.servers.length - 1);
  expect(relationsOf(snapshot, topology).channels.map(({ tls }) => tls.negotiated)).toEqual(
    topology.links.map(() => true),
  );
}
