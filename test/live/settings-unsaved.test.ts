import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { until } from '../../src/sandbox/until.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Scrape } from './scrape.js';

/** What a restart of the new primary would change is known from its own program, which reads its option files. */
await describeEach(
  'settings that a restart would change',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      lockstep = await LockstepProcess.lay(sandbox);
      await lockstep.start();
    });
    afterAll(() => scope.end());

    const asked = { procedure: 'switchover', parameters: { cluster: 'sandbox', to: 'db2' } };
    const planned = async () => {
      const { guards, remarks } = await lockstep.plan(asked);
      const unsaved = guards.filter(({ reason }) => reason === 'settings-unsaved').map(({ why }) => why);
      return { unsaved, remarks: remarks.filter((line) => /since its start|could not be asked/.test(line)) };
    };
    /** What is set since the start is asked once in five seconds. */
    const untilUnsaved = (names: string) =>
      until(`a restart to change ${names}`, async () => (await planned()).unsaved.join().includes(names), {
        within: 20_000,
      });

    it('stand in nobody’s way while a restart would change none', async () => {
      expect(await planned()).toEqual({ unsaved: [], remarks: [] });
    });

    it('are refused by their names, and not those that a restart takes as well', async () => {
      const db2 = sandbox.server('db2');
      // As it would be after a restart, and as nothing but the option files tell.
      await db2.run(['SET GLOBAL net_retry_count = 11', 'SET GLOBAL net_retry_count = DEFAULT']);
      await db2.run(['SET GLOBAL max_connections = 171', 'SET GLOBAL long_query_time = 3.5']);
      await untilUnsaved('long_query_time');
      const { unsaved, remarks } = await planned();
      expect(unsaved).toEqual([expect.stringContaining('a restart of db2 would change long_query_time, max_connections: ')]); // prettier-ignore
      expect(remarks).toEqual([]);
      const run = await lockstep.ended((await lockstep.run({ ...asked, mode: 'auto' })).id);
      expect(run).toMatchObject({ state: 'ended', outcome: 'refused', guard: { reason: 'settings-unsaved' } });
    });

    it('are known from a drill', async () => {
      // The first one comes soon after the start.
      await lockstep.stop();
      await lockstep.start();
      const objections = async () => {
        const page = new Scrape(await (await fetch(`${lockstep.url}/metrics`)).text());
        return page.all('lockstep_switchover_objection_info', { server: 'db2' }).map(({ labels }) => labels['reason']);
      };
      await until('a drill', async () => (await objections()).length > 0, { within: 30_000 });
      expect(await objections()).toEqual(['settings-unsaved']);
    });

    it('are none any more once they stand in an option file; what cannot be read is said', async () => {
      const file = path.join(sandbox.server('db2').includeDirectory, 'saved.cnf');
      await writeFile(file, '[mysqld]\nmax_connections = 171\nlong_query_time = 3.5\n', { mode: 0o644 });
      expect(await planned()).toEqual({ unsaved: [], remarks: [] });
      await writeFile(file, '[mysqld]\nmax_connection_s = 171\n');
      const { unsaved, remarks } = await planned();
      expect(unsaved).toEqual([]);
      expect(remarks[0]).toMatch(/^Set on db2 since its start: long_query_time, max_connections/);
      expect(remarks[1]).toMatch(/^What a restart of db2 would change could not be asked on its machine: /);
      await rm(file);
    });
  },
  oneOfEach,
);
