import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { openHost } from '../../src/hosts/open.js';
import { rebuildReplica } from '../../src/procedures/rebuild-replica.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import { versionNamed, type VersionName } from '../../src/sandbox/versions.js';
import { corpus } from './corpus.js';
import { describeEach, matrix } from './matrix.js';
import { hostsOf, serverPrograms } from './rebuild-hosts.js';
import { things, told } from './things.js';
import { Workbench } from './workbench.js';
import { Writer } from './writer.js';

const newer: Partial<Record<VersionName, VersionName>> = { 'mariadb-10.5': 'mariadb-11.8', 'mariadb-10.11': 'mariadb-11.8' }; // prettier-ignore

/** As before an upgrade: the newest series gets its first copy. */
await describeEach(
  'a replica of a newer series than its donor',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let writer: Writer;

    beforeAll(async () => {
      const servers = { db2: { version: versionNamed(newer[version] ?? version) } };
      sandbox = scope.own(await createCluster({ version, replicas: 2, servers }), (cluster) => cluster.stop());
      const [hosts, programs] = [await hostsOf(scope, sandbox), await serverPrograms(scope, sandbox)];
      const settings = (name: string) => ({ ...hosts(name), programs: [...hosts(name).programs, ...programs(name)] });
      bench = await Workbench.open(scope, sandbox);
      bench.site = { ...bench.site, servers: bench.site.servers.map((server) => ({ ...server, programs: settings(server.name).programs, services: ['mysql'] })) }; // prettier-ignore
      bench.reach = { ...bench.reach, host: (name: string) => openHost(settings(name)) };
      await sandbox.primary.run(corpus(sandbox.version));
      writer = await Writer.open(sandbox.primary, 5);
      scope.defer(() => writer.stop());
      await untilCaughtUp(sandbox.server('db3'), sandbox.primary);
    });

    afterAll(() => scope.end());

    it('takes no files of an older one, and its rows', async () => {
      const target = sandbox.server('db2');
      await target.run(['STOP SLAVE', 'RESET SLAVE ALL']);
      const files = bench.parameters({ server: 'db2', from: 'db3', method: 'backup' });
      const scene = await bench.lookUntil('the trouble to be seen', (seen) => rebuildReplica.needed(seen, files).observed === 'yes'); // prettier-ignore
      expect(rebuildReplica.refusals(scene, files).map(({ why }) => why)).toContainEqual(expect.stringContaining('are not read by')); // prettier-ignore

      const ran = await bench.run(rebuildReplica, bench.parameters({ server: 'db2' }));
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(ran.notes).toMatchObject({ verified: 'equal' });
      expect(await channelStatus(target)).toMatchObject({ io: 'Yes', sql: 'Yes' });
      const { acknowledged } = writer;
      await untilCaughtUp(target, sandbox.primary);
      // Series differ in what CHECKSUM TABLE makes of virtual columns; their values are asked for besides.
      for (const question of things.map((each) => each.replace(', corpus.computed', '')))
        expect(await told(target, question), question).toEqual(await told(sandbox.server('db3'), question));
      const [row] = await target.sql(`SELECT COUNT(*) AS n FROM written.rows_of WHERE id <= ${acknowledged}`);
      expect(Number(row?.['n'])).toBe(acknowledged);
      expect(readdirSync(target.disk)).toEqual(['data']);
      // Its own tables are of its series.
      expect(await target.sql("SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'mysql' AND TABLE_NAME = 'global_priv'")).toHaveLength(1); // prettier-ignore
    });
  },
  matrix.filter((version) => version in newer),
);
