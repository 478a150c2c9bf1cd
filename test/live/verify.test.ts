import { afterAll, beforeAll, expect, it } from 'vitest';
import { SqlActor } from '../../src/actors/sql-actor.js';
import { freshState, type WorkMemory } from '../../src/actors/verify/memory.js';
import { Scope } from '../../src/base/scope.js';
import type { Progress } from '../../src/domain/progress.js';
import { verificationLines, type Finding, type Verification } from '../../src/domain/verification.js';
import { verifyReplica } from '../../src/procedures/verify-replica.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import type { VerifyAction } from '../../src/domain/action.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { corpus } from './corpus.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Workbench } from './workbench.js';
import { Writer } from './writer.js';

await describeEach(
  'verify-replica',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let db2: SandboxServer;
    let writer: Writer;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      bench = await Workbench.open(scope, sandbox);
      db2 = sandbox.server('db2');
      await sandbox.primary.run(corpus(sandbox.version));
      writer = await Writer.open(sandbox.primary, 2);
      scope.defer(() => writer.stop());
      await untilCaughtUp(db2, sandbox.primary);
    });

    afterAll(() => scope.end());

    /** What a verification finds; `memory` and `stop` as the engine would have them. */
    async function verified({
      memory,
      told = () => undefined,
      signal = AbortSignal.timeout(60_000),
      planned = () => Promise.resolve(),
      more = {},
    }: {
      readonly memory?: WorkMemory;
      readonly told?: (progress: Progress) => void;
      readonly signal?: AbortSignal;
      readonly planned?: () => Promise<unknown>;
      readonly more?: Partial<VerifyAction>;
    } = {}): Promise<Omit<Verification, 'cluster'>> {
      const scene = await bench.look();
      const parameters = bench.parameters({ server: 'db2' });
      expect(verifyReplica.needed(scene, parameters).observed).toBe('yes');
      expect(verifyReplica.refusals(scene, parameters)).toEqual([]);
      const [action] = verifyReplica.steps(scene, parameters).flatMap(({ plan }) => plan);
      let result: Omit<Verification, 'cluster'> | undefined;
      const reach = {
        ...bench.reach,
        ...(memory === undefined ? {} : { memory: () => memory }),
        verified: (one: Omit<Verification, 'cluster'>) => {
          result = one;
          return Promise.resolve();
        },
      };
      if (action === undefined) throw new Error('nothing to do');
      await planned();
      await new SqlActor(reach).send({ ...action, ...more } as VerifyAction, {}, signal, told);
      if (result === undefined) throw new Error('nothing was found');
      return result;
    }

    /** On the replica alone, past its log, with the applier standing so that it meets nothing of it. */
    async function behindItsBack(statements: readonly string[]): Promise<void> {
      await stopReplication(db2, 'sql');
      await db2.run(['SET sql_log_bin = 0', 'SET foreign_key_checks = 0', ...statements, 'SET sql_log_bin = 1']);
      await startReplication(db2, 'sql');
    }

    it('finds nothing where nothing differs, however much is written meanwhile', async () => {
      const before = writer.acknowledged;
      const told: Progress[] = [];
      const result = await verified({ told: (one) => told.push(one) });
      expect(result).toMatchObject({ differingTables: 0, differingRows: 0 });
      expect(result.findings.filter(({ kind }) => kind !== 'unsettled')).toEqual([]);
      expect(result.tables).toBeGreaterThanOrEqual(10);
      expect(result.rows).toBeGreaterThan(3000);
      expect(writer.acknowledged).toBeGreaterThan(before + 20);
      expect(told.at(-1)?.done).toBe(result.rows);
    });

    it('tells of a table that it could not read, and counts only what it compared', async () => {
      const before = await verified();
      await sandbox.primary.sql('LOCK TABLES corpus.computed WRITE');
      const result = await verified().finally(() => sandbox.primary.sql('UNLOCK TABLES'));
      expect(result).toMatchObject({ tables: before.tables - 1, differingTables: 0 });
      expect(result.findings).toContainEqual(expect.objectContaining({ table: 'corpus.computed', kind: 'unread' }));
      expect(verificationLines({ ...result, cluster: '' })[0]).toContain('db2 equals db1 in what could be compared: ');
    });

    it('leaves out nothing that it could not read where all must be equal: asks again, and does not call it equal', async () => {
      await sandbox.primary.sql('LOCK TABLES corpus.computed WRITE');
      try {
        const refused = verified({ more: { mustEqual: true } });
        await expect(refused).rejects.toMatchObject({ code: 'not-compared' });
        await expect(refused).rejects.toThrow(/corpus.computed/);
        const waits = verified({ more: { mustEqual: true } });
        const ours =
          "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE STATE LIKE 'Waiting for table metadata lock%'";
        for (const wanted of ['1', '0', '1']) await until('the comparing to wait for its table', async () => (await sandbox.primary.sql(ours))[0]?.['n'] === wanted, { within: 20_000, every: 20 }); // prettier-ignore
        await sandbox.primary.sql('UNLOCK TABLES');
        const result = await waits;
        expect(result.unreadTables).toBeUndefined();
        expect(result.findings.filter(({ kind }) => kind === 'unread')).toEqual([]);
      } finally {
        await sandbox.primary.sql('UNLOCK TABLES');
      }
    });

    it('names the table, the range and the rows that differ, and mends nothing', async () => {
      await behindItsBack([
        'DELETE FROM corpus.many WHERE id IN (1000, 1003)',
        "UPDATE corpus.many SET words = 'other' WHERE id = 1001",
        "INSERT INTO corpus.many (id, words) VALUES (1000000000, 'beyond')",
        "UPDATE corpus.texts SET plain = 'x' WHERE id = 1",
        'DELETE FROM corpus.keyless LIMIT 1',
      ]);
      const result = await verified();
      expect(result.differingTables).toBe(3);
      expect(result.differingRows).toBe(6);
      expect(result.findings).toContainEqual({ table: 'corpus.many', kind: 'rows', from: '1000', to: '1003', missing: 2, extra: 0, changed: 1 }); // prettier-ignore
      expect(result.findings).toContainEqual({ table: 'corpus.many', kind: 'rows', from: '1000000000', to: '1000000000', missing: 0, extra: 1, changed: 0 }); // prettier-ignore
      expect(result.findings).toContainEqual(
        expect.objectContaining({ table: 'corpus.texts', kind: 'rows', changed: 1 }),
      );
      expect(result.findings).toContainEqual(expect.objectContaining({ table: 'corpus.keyless', kind: 'rows', missing: 1 })); // prettier-ignore
      expect(await verified()).toMatchObject({ differingRows: 6 });
    });

    it('names tables that are on one side alone, or are defined otherwise', async () => {
      await behindItsBack([
        'CREATE TABLE corpus.of_db2 (id INT PRIMARY KEY)',
        'DROP TABLE corpus.doomed',
        'ALTER TABLE corpus.texts MODIFY plain VARCHAR(77)',
      ]);
      const { findings } = await verified();
      expect(findings).toContainEqual({ table: 'corpus.of_db2', kind: 'extra' });
      expect(findings).toContainEqual({ table: 'corpus.doomed', kind: 'missing' });
      expect(findings).toContainEqual(expect.objectContaining({ table: 'corpus.texts', kind: 'definition' }));
    });

    it('goes on where it was ended', async () => {
      const memory = new KeptMemory();
      const ended = new AbortController();
      const told = ({ at }: Progress) => {
        if (at > 'corpus.many') ended.abort(new Error('the process stops'));
      };
      await expect(verified({ memory, told, signal: ended.signal })).rejects.toThrow();
      const left = memory.content as { readonly rows: number };
      expect(left.rows).toBeGreaterThan(0);
      let least = Infinity;
      const result = await verified({ memory, told: ({ done }) => (least = Math.min(least, done)) });
      expect(least).toBeGreaterThanOrEqual(left.rows);
      expect(result.differingTables).toBe(5);
      expect(memory.content).toBeUndefined();
    });

    it('begins a table anew whose key was changed since it was ended', async () => {
      const memory = new KeptMemory();
      const all = await verified();
      // Behind every row of it, by a key that it no longer has.
      const behind = { place: ['999999999'], key: 'another' };
      await memory.write({ ...freshState(Date.now()), at: { schema: 'corpus', name: 'many', behind } });
      const { findings } = await verified({ memory });
      const ofMany = (one: readonly Finding[]) => one.filter(({ table }) => table === 'corpus.many');
      expect(ofMany(findings)).toHaveLength(2);
      expect(ofMany(findings)).toEqual(ofMany(all.findings));
    });

    it('is held up by a replica that lags, and says nothing wrong of it', async () => {
      const under = verified({ planned: () => stopReplication(db2, 'sql') });
      let ended = false;
      const over = under.finally(() => (ended = true));
      const waits = "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE INFO LIKE 'SELECT %WAIT%' AND ID <> CONNECTION_ID() AND TIME >= 1"; // prettier-ignore
      await until('comparing to wait for the replica', async () => (await db2.sql(waits))[0]?.['n'] === '1');
      expect(ended).toBe(false);
      await startReplication(db2, 'sql');
      expect((await over).differingTables).toBe(5);
    });
  },
  oneOfEach,
);

class KeptMemory implements WorkMemory {
  content: unknown;

  read(): Promise<unknown> {
    return Promise.resolve(this.content);
  }

  write(content: unknown): Promise<void> {
    this.content = JSON.parse(JSON.stringify(content));
    return Promise.resolve();
  }

  forget(): Promise<void> {
    this.content = undefined;
    return Promise.resolve();
  }
}
