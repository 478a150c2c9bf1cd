import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { SqlActor, type Reach } from '../../src/actors/sql-actor.js';
import { messageOf } from '../../src/base/errors.js';
import { Scope } from '../../src/base/scope.js';
import { sql, type SqlAction, type Statement } from '../../src/domain/action.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { until } from '../../src/sandbox/until.js';
import { noMemory } from './no-memory.js';
import { describeEach, oneOfEach } from './matrix.js';
import { commandsOf } from './witness.js';

const soon = () => AbortSignal.timeout(10_000);

await describeEach(
  "a run's hands",
  (version) => {
    const scope = new Scope();
    const actors: SqlActor[] = [];
    let sandbox: SandboxCluster;
    let reach: Reach;

    beforeAll(async () => {
      sandbox = scope.own(await createCluster({ version, replicas: 1 }), (cluster) => cluster.stop());
      reach = reachOf(sandbox);
    });
    afterEach(async () => {
      await Promise.all(actors.splice(0).map((actor) => actor.close()));
    });
    afterAll(() => scope.end());

    const hands = () => {
      const actor = new SqlActor(reach);
      actors.push(actor);
      return actor;
    };
    const on = (server: string, ...statements: Statement[]): SqlAction => ({
      kind: 'sql',
      on: server,
      session: 'control',
      statements,
    });

    it("lock servers out of each other's reach, and free them when they close", async () => {
      const [first, second] = [hands(), hands()];
      expect(await first.lock(['db1', 'db2'], soon())).toEqual({ unreachable: [] });
      expect([...first.held].sort()).toEqual(['db1/control', 'db2/control']);
      await expect(second.lock(['db2'], AbortSignal.timeout(3000))).rejects.toMatchObject({ code: 'locked' });
      await first.close();
      await second.lock(['db2'], soon());
    });

    it('wait for a lock that another session of a dead run still holds', async () => {
      const [dead, next] = [hands(), hands()];
      await dead.send({ kind: 'sql', on: 'db1', session: 'lock', statements: [sql`DO 0`] }, {}, soon());
      const locked = next.lock(['db1'], soon());
      await until(
        'the next run to wait',
        async () => (await commandsOf(sandbox.primary, 'lockstep_operate')).length >= 2,
      );
      await dead.close();
      await locked;
    });

    it('say which servers cannot be reached', async () => {
      await sandbox.server('db2').stop();
      expect(await hands().lock(['db1', 'db2'], soon())).toEqual({ unreachable: ['db2'] });
      await sandbox.server('db2').start();
    });

    it('lock one that is held for dead if it answers, and do not wait for it if it stands still', async () => {
      await sandbox.primary.freeze();
      const began = performance.now();
      const actor = hands();
      try {
        expect(await actor.lock(['db1', 'db2'], soon(), ['db1'])).toEqual({ unreachable: ['db1'] });
        expect(performance.now() - began).toBeLessThan(3000);
      } finally {
        sandbox.primary.thaw();
      }
      await until('it to be reached again', async () => {
        const { unreachable } = await actor.lock(['db1', 'db2'], soon(), ['db1']);
        return unreachable.length === 0;
      });
      // Another Lockstep that holds it for dead, too, waits for its lock as long as for any other.
      const asked = performance.now();
      const next = hands();
      await expect(next.lock(['db1'], AbortSignal.timeout(1000), ['db1'])).rejects.toMatchObject({ code: 'locked' });
      expect(performance.now() - asked).toBeGreaterThan(500);
      await actor.close();
      expect(await next.lock(['db1'], soon(), ['db1'])).toEqual({ unreachable: [] });
    });

    it('send statements in one round trip, fill holes, keep notes, hold answers against what is expected', async () => {
      const actor = hands();
      const notes = await actor.send(
        on('db1', { ...sql`SELECT ${"a'b\\"} AS x, 7 AS y`, notes: { x: 'word', y: 'number' } }),
        {},
        soon(),
      );
      expect(notes).toEqual({ word: "a'b\\", number: '7' });
      await actor.send(on('db1', { ...sql`SELECT ${{ note: 'word' }}`, expect: { note: 'word' } }), notes, soon());
      await expect(actor.send(on('db1', { ...sql`SELECT 1`, expect: 2 }), {}, soon())).rejects.toMatchObject({
        code: 'unexpected-answer',
      });
      await expect(actor.send(on('db1', sql`SELECT ${{ note: 'never' }}`), {}, soon())).rejects.toMatchObject({
        code: 'note-missing',
      });
    });

    it('say what a server refused without the password in it', async () => {
      const failed = hands().send(
        on('db1', sql`ALTER USER nobody IDENTIFIED BY ${{ secret: 'replication' }}`),
        {},
        soon(),
      );
      await expect(failed).rejects.toMatchObject({ code: 'refused' });
      const message = await failed.catch((cause: unknown) => messageOf(cause));
      expect(message).not.toContain(sandbox.accounts.replication.password.reveal());
      expect(message).toContain('<password of replication>');
    });

    it('end on the server what they no longer wait for', async () => {
      const actor = hands();
      await actor.lock(['db1'], soon());
      await expect(actor.send(on('db1', sql`DO SLEEP(60)`), {}, AbortSignal.timeout(500))).rejects.toThrow();
      const idle = async () => !(await commandsOf(sandbox.primary, 'lockstep_operate')).includes('Query');
      await until('the statement to be gone', idle);
      // The session is gone with it, and another takes its place and its lock.
      await actor.send(on('db1', sql`DO 0`), {}, soon());
      expect(actor.held.has('db1/control')).toBe(true);
    });

    it('end the sessions that a statement lists', async () => {
      const [victim, killer] = [hands(), hands()];
      await victim.send({ kind: 'sql', on: 'db1', session: 'watch', statements: [sql`DO 0`] }, {}, soon());
      const select = sql`SELECT ID FROM information_schema.PROCESSLIST WHERE USER = ${'lockstep_operate'} AND ID <> CONNECTION_ID()`;
      await killer.send({ kind: 'kill', on: 'db1', session: 'control', select, whose: 'others' }, {}, soon());
      await until('the session to be ended', () => victim.held.size === 0);
    });
  },
  oneOfEach,
);

/** As the configuration would have it. */
function reachOf(sandbox: SandboxCluster): Reach {
  const { accounts } = sandbox;
  return {
    target: (name) => sandbox.login(sandbox.server(name), accounts.operate),
    secret: (name) => Promise.resolve(accounts[name].password),
    files: () => undefined,
    announce: () => Promise.reject(new Error('no announcer is configured here')),
    ...noMemory,
  };
}
