import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import type { PlanView } from '../../src/engine/automation.js';
import type { RunView } from '../../src/engine/run.js';
import { Admin } from '../../src/sandbox/admin.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { until } from '../../src/sandbox/until.js';
import { Command } from '../cli/command.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Witness } from './witness.js';

await describeEach(
  "an operator's desk",
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;
    let witness: Witness;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      lockstep = await LockstepProcess.lay(sandbox);
      witness = new Witness(sandbox);
    });
    afterAll(() => scope.end());

    const wish = ['restart-replication', '--cluster', 'sandbox', '--server', 'db2'] as const;
    const run = (...words: readonly string[]) => witness.run(...words, '--config', lockstep.file);
    const stopThread = () =>
      sandbox.server('db2').sql(version.startsWith('mysql') ? 'STOP REPLICA SQL_THREAD' : 'STOP SLAVE SQL_THREAD');

    it('plans by itself, and leaves nothing behind', async () => {
      await stopThread();
      const plan = await run('plan', ...wish);
      expect(plan.output).toMatch(/^Seen: /m);
      expect(plan.output).toMatch(/^1\. .*db2/m);
      expect(plan.output).toMatch(/^ {5}db2: START (?:SLAVE|REPLICA)/m);
      expect(plan.code).toBe(0);
      const digest = /^digest (\w{12})$/m.exec(plan.output)?.[1] ?? 'none';
      const json = JSON.parse((await run('plan', ...wish, '--json')).output) as PlanView;
      expect([json.guards, json.digest?.slice(0, 12)]).toEqual([[], digest]);
      expect(existsSync(lockstep.journal)).toBe(false);
    });

    it('carries a run out where nothing else runs, and the journal tells of it', async () => {
      const done = await run('run', ...wish, '--yes', '--wait');
      expect(done.output).toMatch(/^succeeded: /m);
      expect(done.code).toBe(0);
      const runs = JSON.parse((await run('runs', '--json')).output) as readonly RunView[];
      expect(runs).toMatchObject([{ outcome: 'succeeded', trigger: { kind: 'person' } }]);
      expect(runs[0]?.trigger.by).toMatch(/^local:/);
      const shown = await run('runs', 'show', runs[0]?.id ?? '');
      expect(shown.output).toContain('— history —');
      expect((await run('runs', 'verify')).code).toBe(0);
    });

    it('refuses what is not there to mend', async () => {
      expect(await run('plan', ...wish)).toMatchObject({ code: 3 });
      const refused = await run('run', ...wish, '--yes', '--wait');
      expect(refused.output).toMatch(/^refused: both threads of /m);
      expect(refused.code).toBe(3);
    });

    it('leaves a run that waits to whoever comes next, when it is interrupted twice', async () => {
      await stopThread();
      expect(await run('pause', '--reason', 'the storage is being moved')).toMatchObject({ code: 0 });
      const command = Command.start(path.dirname(lockstep.file), 'run', ...wish, '--yes', '--wait');
      await command.says('it waits (paused)');
      command.child.kill('SIGINT');
      await command.says('this command carries the run out');
      command.child.kill('SIGINT');
      expect(await command.code).toBe(5);
      const status = await run('status', '--config', lockstep.file);
      expect(status.output).toContain('everything is paused by local:');
      const [waiting] = JSON.parse((await run('runs', '--open', '--json')).output) as readonly RunView[];
      expect(waiting).toMatchObject({ state: 'waiting', guard: { guard: 'paused' } });
      await lockstep.start();
      expect(await run('unpause')).toMatchObject({ code: 0 });
      const end = await run('runs', 'watch', waiting?.id ?? '');
      expect(end.output).toMatch(/^succeeded: /m);
      expect(end.code).toBe(0);
    });

    it('talks to the instance that runs, by the same words', async () => {
      await stopThread();
      const json = await run('run', ...wish, '--yes', '--wait', '--json');
      const lines = json.output.trimEnd().split('\n').map((line) => JSON.parse(line) as { run?: RunView }); // prettier-ignore
      expect(lines.at(-1)).toMatchObject({ kind: 'event', run: { outcome: 'succeeded' } });
      expect(json.code).toBe(0);
      const there = await witness.run('runs', '--json', '--url', lockstep.url);
      expect(there.output).toContain('the request holds no credentials');
      expect(there.code).toBe(3);
      expect((await run('runs', 'verify')).code).toBe(0);
    });

    it('answers for a run that is ending until it has ended, and stops then', async () => {
      const writer = new Admin(sandbox.primary.socketPath);
      await sandbox.primary.run(['CREATE DATABASE app', 'CREATE TABLE app.t (id INT PRIMARY KEY)']);
      await writer.query('BEGIN');
      await writer.query('INSERT INTO app.t VALUES (1)');
      const parameters = { cluster: 'sandbox', to: 'db2', 'long-running': 'wait', sessions: 'keep', rehearsal: 'full' };
      await until('the change to be a long one', async () => {
        const [row] = await sandbox.primary.sql('SELECT MAX(TIMESTAMPDIFF(SECOND, trx_started, NOW())) AS s FROM information_schema.INNODB_TRX'); // prettier-ignore
        return Number(row?.['s']) > 6;
      });
      const { id } = await lockstep.run({ procedure: 'switchover', parameters });
      await lockstep.until(id, 'at work', ({ steps }) => steps.some((step) => step.id === 'long-running' && step.status === 'running')); // prettier-ignore
      // It tries again after 1, 2, 4 and 8 seconds, and ends there.
      lockstep.child.kill('SIGTERM');
      const ready = () => fetch(`${lockstep.url}/-/ready`).then(({ status }) => status);
      await until('it to say that it stops', async () => (await ready()) === 503, { every: 10 });
      expect((await lockstep.runs()).find((one) => one.id === id)?.state).not.toBe('ended');
      expect(await lockstep.child.ended).toMatchObject({ code: 0 });
      const [ended] = (JSON.parse((await run('runs', '--json')).output) as readonly RunView[]).filter((one) => one.id === id); // prettier-ignore
      expect([ended?.state, ended?.outcome]).toEqual(['ended', 'failed']);
      expect(ended?.why).toMatch(/^Lockstep was told to stop; until then: /);
      await writer.query('ROLLBACK');
      await writer.close();
    });

    it('and nobody was told a password', () => witness.swears('operators-token'));
  },
  oneOfEach,
);
