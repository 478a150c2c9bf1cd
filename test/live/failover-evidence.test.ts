import { writeFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { defaultFailover, type Scene } from '../../src/domain/scene.js';
import { OutlookMemory } from '../../src/observe/outlook-memory.js';
import { failover } from '../../src/procedures/failover.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { openLink } from '../../src/sandbox/proxy.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach } from './matrix.js';
import { askOne } from './stage.js';
import { Workbench } from './workbench.js';

await describeEach(
  'failover by file and position',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    const rules = { ...defaultFailover, evidenceSeconds: 1, looks: 3 };

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, mode: 'position' }), (cluster) => cluster.stop());
      bench = await Workbench.open(scope, sandbox);
    });

    beforeEach(async () => {
      await sandbox.reset();
      await sandbox.primary.run(['CREATE DATABASE app', 'CREATE TABLE app.written (id INT PRIMARY KEY)']);
      for (const replica of sandbox.replicas) await untilCaughtUp(replica, sandbox.primary);
      bench.site = { ...bench.site, failover: rules };
      await bench.look();
    });

    afterAll(() => scope.end());

    const given = () => bench.parameters({ 'accept-loss': 'yes', unfenced: 'no' });
    const dead = (scene: Scene) => failover.needed(scene, given()).observed === 'yes';

    it('leaves a replica that has received less, names it, and loses no more than it said', async () => {
      const [db2, db3] = [sandbox.server('db2'), sandbox.server('db3')];
      await stopReplication(db3, 'io');
      await sandbox.primary.sql('INSERT INTO app.written VALUES (1)');
      await untilCaughtUp(db2, sandbox.primary);
      await stopReplication(db2, 'io');
      await bench.look();
      const acknowledged = 3;
      for (let id = 2; id < 2 + acknowledged; id += 1)
        await sandbox.primary.sql(`INSERT INTO app.written VALUES (${id})`);
      await bench.look();
      await sandbox.primary.kill();
      for (const replica of [db2, db3]) await startReplication(replica, 'io');
      const scene = await bench.lookUntil('the primary to be dead', dead);
      const remarks = (failover.remarks?.(scene, given()) ?? []).join('\n');
      expect(remarks).toContain(
        'Db3 has received less than db2, and by file and position nothing tells where to go on',
      );
      const [, bound] = /What may be lost: At most (\d+) transactions that db1 had/.exec(remarks) ?? [];
      expect(Number(bound), remarks).toBeGreaterThanOrEqual(acknowledged);
      const ran = await bench.run(failover, given());
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(await askOne(db2, '(SELECT MAX(id) FROM app.written)')).toBe('1');
      expect(await askOne(db2, '@@global.read_only')).toBe('0');
      expect(await askOne(db3, '@@global.read_only')).toBe('1');
      expect((await bench.look()).snapshot.servers[2]?.facts?.channels).toMatchObject([
        { source: sandbox.primary.address },
      ]);
    });

    it('stops the dead one by the fence command first, and goes no further where that fails', async () => {
      const { primary } = sandbox;
      const [program, fenced] = [path.join(primary.directory, 'fence'), path.join(primary.directory, 'fenced')];
      bench.site = { ...bench.site, failover: { ...rules, fence: [program, '{server}', '{host}'] } };
      await primary.kill();
      await bench.lookUntil('the primary to be dead', dead);
      await writeFile(program, '#!/bin/sh\necho cannot >&2\nexit 3\n', { mode: 0o755 });
      const failed = await bench.run(failover, given());
      expect(failed.outcome).not.toBe('succeeded');
      expect(failed.why).toContain('ended with 3: cannot');
      expect(await askOne(sandbox.server('db2'), '@@global.read_only')).toBe('1');
      await writeFile(program, `#!/bin/sh\necho "$@" > '${fenced}'\n`, { mode: 0o755 });
      const ran = await bench.run(failover, given());
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(ran.notes['fenced']).toBe('0');
      expect(await readFile(fenced, 'utf8')).toBe(`db1 ${primary.address.host}\n`);
    });

    it('never replaces a primary that only Lockstep cannot reach', async () => {
      const { primary, client } = sandbox;
      const link = await openLink(scope, primary.address);
      const through = await Workbench.open(scope, sandbox, {
        keys: { tls: { ca_file: client.ca, cert_file: client.cert, key_file: client.key, verify: 'ca' } },
        ofServer: ({ name }) => (name === 'db1' ? { address: `${link.address.host}:${link.address.port}` } : {}),
      });
      // Its address is the replicas' source; only how it is reached from here is another.
      const memory = new OutlookMemory();
      const looked = async (): Promise<Scene> => {
        const [scene, own] = await Promise.all([bench.look(), through.look()]);
        const [seen] = own.snapshot.servers;
        const servers = scene.snapshot.servers.map((server) =>
          server.name === seen?.name ? { ...seen, address: server.address } : server,
        );
        const snapshot = { ...scene.snapshot, servers };
        servers.forEach((server) => memory.note(server));
        return { ...scene, snapshot, outlook: memory.of(snapshot.cluster, servers) };
      };
      expect((await looked()).snapshot.servers[0]?.facts).toBeDefined();
      await link.cut();
      // Two heartbeats long nobody can tell what the replicas hear from what they heard before.
      const verdict = await until('the outage to last, and the replicas to be heard', async () => {
        const scene = await looked();
        const need = failover.needed(scene, given());
        // Never, not even for one look.
        if (need.observed === 'yes') return need.observed;
        expect(need.why).toMatch(/^the primary db1 is not dead: db2 has a connection to db1/);
        const [outage] = scene.outlook?.outages ?? [];
        const lasts = outage !== undefined && outage.looks > 4 && scene.snapshot.at - outage.since > 4500;
        return lasts && need.observed;
      });
      expect(verdict).toBe('no');
      await primary.sql('INSERT INTO app.written VALUES (8)');
    });
  },
  ['mariadb-10.11'],
);
