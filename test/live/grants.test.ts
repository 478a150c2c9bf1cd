import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import { createAccount, grantStatements } from '../../src/dialects/grant-statements.js';
import { operatePrivileges } from '../../src/dialects/operate-grants.js';
import { quoteText } from '../../src/dialects/quote.js';
import { resetReplica, stopReplica } from '../../src/dialects/replication-statements.js';
import type { Action } from '../../src/domain/action.js';
import type { ProcedureName } from '../../src/domain/procedure-names.js';
import { defaultFailover } from '../../src/domain/scene.js';
import { QueryError, openSession, type Session } from '../../src/mysql/session.js';
import { procedures } from '../../src/procedures/index.js';
import type { Account, Accounts } from '../../src/sandbox/accounts.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration } from '../../src/sandbox/configuration.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { coordinatesOf } from '../../src/sandbox/replication.js';
import { until } from '../../src/sandbox/until.js';
import { lockstepCommand } from './command.js';
import { crashCases } from './crash-cases.js';
import { describeEach } from './matrix.js';
import { rotatingConfiguration } from './rotation-stands.js';
import { Workbench } from './workbench.js';

/** "Access denied; you need …", "SELECT command denied …", "Access denied … to database", "You are not owner of thread …". */
const killDenied = 1095;
const denials = [1227, 1142, 1044, killDenied];

await describeEach('the grants of accounts', (version) => {
  const scope = new Scope();
  const probe = { user: 'probe', password: new Secret('a-word') };
  let sandbox: SandboxCluster;
  let bench: Workbench;

  beforeAll(async () => {
    // By file and position, where procedures have the most to ask.
    const cluster = await createCluster({ version, replicas: 1, mode: 'position' });
    sandbox = scope.own(cluster, () => cluster.stop());
    // What renews certificates also does so while one authority gives way to another.
    bench = await Workbench.open(scope, sandbox, await rotatingConfiguration(sandbox));
    const failover = { ...defaultFailover, evidenceSeconds: 1 };
    bench.site = { ...bench.site, failover, accounts: { ...bench.site.accounts, operate: probe.user } };
    const bypass = sandbox.primary.column.readOnlyBypass.slice(0, 1).map((privilege) => `${privilege} ON *.*`);
    await onEach([
      "CREATE USER 'administrator'@'%' IDENTIFIED BY 'a-word' REQUIRE SSL",
      ...grantStatements(bypass, { user: 'administrator' }),
    ]);
  });

  afterAll(() => scope.end());

  async function onEach(statements: readonly string[]): Promise<void> {
    for (const server of sandbox.servers) {
      if (!server.running) await server.start();
      await sandbox.open(server); // where it was closed, nobody can make an account
      await server.run(['SET sql_log_bin = 0', ...statements]);
    }
  }

  /**
   * Sends all of a plan on an account with these privileges. The number of the error that ended it; undefined: nothing
   * was refused.
   * @param prepare once the account is there: a primary that is to be dead can make none
   */
  async function refusedWith(
    privileges: readonly string[],
    prepare: () => Promise<readonly Action[]>,
  ): Promise<number | undefined> {
    await onEach([
      'DROP USER IF EXISTS probe',
      createAccount(probe, 'ssl', quoteText(probe.password.reveal())),
      ...grantStatements(privileges, probe),
    ]);
    const plan = await prepare();
    const alive = sandbox.servers.filter((server) => server.running);
    const victims = await Promise.all(alive.map(({ name }) => administrator(name)));
    const actor = bench.actor(probe);
    try {
      await actor.lock(['db1', 'db2'], AbortSignal.timeout(10_000));
      let notes = {};
      for (const action of plan)
        notes = { ...notes, ...(await actor.send(action, notes, AbortSignal.timeout(10_000))) };
      // Where whom it may not end is left alone, nothing is refused; but then it must have been allowed to.
      const ends = plan.some((action) => action.kind === 'kill' && action.whose.includes('applications'));
      const spared = ends && !victims[0]?.closed;
      return spared ? killDenied : undefined;
    } catch (failure) {
      return errnoOf(failure);
    } finally {
      victims.forEach((victim) => victim.close());
      await actor.close();
    }
  }

  /** A session that writes past read_only, where there are such. */
  async function administrator(name: string): Promise<Session> {
    const tls = { verify: 'identity', ca: await readFile(sandbox.client.ca) } as const;
    const password = () => Promise.resolve(probe.password);
    const { address } = sandbox.server(name);
    return openSession({ address, user: 'administrator', password, tls }, { signal: AbortSignal.timeout(10_000) });
  }

  /** db1 the primary, db2 its replica, however far a plan has gone; nobody but that plan has written. */
  async function putBack(): Promise<void> {
    const [db1, db2] = [sandbox.primary, sandbox.server('db2')];
    const mariadb = sandbox.version.flavour === 'mariadb';
    for (const server of [db1, db2]) {
      if (!server.running) await server.start();
      await server.sql(stopReplica(server.column)).catch(() => undefined);
      await server.sql(resetReplica(server.column));
    }
    for (const server of [db1, db2]) {
      await sandbox.open(server);
      const databases = ['lockstep', 'earlier', 'later'];
      await server.run(['SET sql_log_bin = 0', ...databases.map((name) => `DROP DATABASE IF EXISTS ${name}`)]);
      // What the plan wrote would be an errant transaction there. A stream that just ended may still hold the logs.
      const forget = mariadb ? 'RESET MASTER' : 'RESET BINARY LOGS AND GTIDS';
      await until(`${server.name} to forget its logs`, () => server.sql(forget).then(() => true, () => false)); // prettier-ignore
      if (mariadb) await server.sql("SET GLOBAL gtid_slave_pos = ''");
    }
    await sandbox.close(db2);
    if (mariadb) {
      // Built in, and its sides take privileges of their own.
      await db1.run(['SET GLOBAL rpl_semi_sync_master_enabled = ON', 'SET GLOBAL rpl_semi_sync_slave_enabled = OFF']);
      await db2.run(['SET GLOBAL rpl_semi_sync_master_enabled = OFF', 'SET GLOBAL rpl_semi_sync_slave_enabled = ON']);
      for (const server of [db1, db2]) await server.sql('SET GLOBAL rpl_semi_sync_master_timeout = 100');
    }
    await sandbox.follow(db2, db1);
    bench.lastChange = undefined;
    await bench.look();
  }

  /** Where a procedure sends more if more is wrong. */
  const worse: Readonly<Partial<Record<ProcedureName, () => Promise<void>>>> = {
    // It still accepts writes, and the journal knows whose place that is.
    rejoin: async () => {
      const [db1, db2] = [sandbox.primary, sandbox.server('db2')];
      const [formerEnd, opened] = [await coordinatesOf(db1), await coordinatesOf(db2)];
      bench.lastChange = { primary: 'db2', former: 'db1', formerEnd, opened, byGtid: false, at: Date.now() };
      await sandbox.open(db1);
    },
  };

  // What rebuilding and turning TLS on take is shown where servers can be restarted: rebuild.test.ts, enable-tls.test.ts. Some tell applications alone.
  const elsewhere: readonly string[] = ['rebuild-replica', 'enable-tls', 'withdraw-replica', 'return-replica'];
  const here = Object.values(procedures).filter(({ name }) => !elsewhere.includes(name));

  describe.each(here.map((procedure) => [procedure.name, procedure] as const))('for %s', (name, procedure) => {
    it('are enough, and none of them is too many', async () => {
      const occasion = crashCases[name];
      if (occasion === undefined) throw new Error(`test/live/crash-cases.ts does not know when ${name} acts`);
      const privileges = operatePrivileges(sandbox.primary.column, [name]);
      // Carried out once it is another cluster, where the roles change.
      const changes = occasion.opens !== undefined || name in worse;
      const parameters = bench.parameters(occasion.parameters);
      if (!changes) await occasion.provoke(sandbox);
      const lasting = changes ? undefined : await planned();
      const prepare = async () => {
        if (lasting !== undefined) return lasting;
        await putBack();
        await occasion.provoke(sandbox);
        await worse[name]?.();
        return planned();
      };
      expect(await refusedWith(privileges, prepare)).toBeUndefined();
      // Positions by file are asked for where there is no GTID, and MySQL 9.7 has it on unless told otherwise.
      const unasked = name === 'verify-replica' && (await hasGtid()) ? [sandbox.primary.column.privileges.binlogStatus] : []; // prettier-ignore
      for (const one of privileges.filter((privilege) => !unasked.includes(privilege))) {
        const fewer = privileges.filter((privilege) => privilege !== one);
        expect(denials, `without ${one}`).toContain(await refusedWith(fewer, prepare));
      }
      if (changes) await putBack();
      else await sandbox.open(sandbox.server('db2')).then(() => occasion.mend(sandbox));

      async function hasGtid(): Promise<boolean> {
        if (sandbox.version.flavour === 'mariadb') return true;
        const [row] = await sandbox.primary.sql('SELECT @@GLOBAL.gtid_mode AS mode');
        return row?.['mode'] === 'ON';
      }

      async function planned(): Promise<readonly Action[]> {
        // A channel that has just been made has heard nothing yet.
        let scene = await bench.look(procedure.looks);
        const against = async () => {
          scene = await bench.look(procedure.looks);
          const need = procedure.needed(scene, parameters);
          return need.observed === 'yes' ? procedure.refusals(scene, parameters) : [need];
        };
        await until(`nothing against ${name}`, async () => (await against()).length === 0).catch(async () => {
          expect(await against()).toEqual([]);
        });
        return procedure.steps(scene, parameters).flatMap((step) => step.plan);
      }
    });
  });

  it('are printed for a server that has no account yet, and make all that Lockstep needs', async () => {
    const { accounts } = sandbox;
    const replica = sandbox.server('db2');
    await stopReplication(replica);
    const file = await writeConfiguration(sandbox);
    await onEach(everyAccount(accounts).map(({ user }) => `DROP USER ${user}`));
    const { code, output } = await lockstepCommand('grants', '--config', file);
    expect(code, output).toBe(0);
    expect(output).toContain('-- sandbox: db1, db2 (');
    for (const { password } of everyAccount(accounts)) expect(output).not.toContain(password.reveal());
    const statements = output
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('--'))
      .map((line) => {
        const account = everyAccount(accounts).find(({ user }) => line.includes(`'${user}'@`));
        return line.replace("'…'", quoteText(account?.password.reveal() ?? '')).replace(/;$/, '');
      });
    await onEach(statements);
    const checked = await lockstepCommand('check', '--config', file);
    expect(checked.code, checked.output).toBe(0);
    await startReplication(replica);
    const receives = 'the replica to log in';
    await bench.lookUntil(receives, ({ snapshot }) => snapshot.servers[1]?.facts?.channels?.[0]?.io === 'running');
  });
});

function everyAccount({ monitor, operate, replication }: Accounts): readonly Account[] {
  return [monitor, operate, replication];
}

function errnoOf(failure: unknown): number {
  for (let cause = failure; cause instanceof Error; cause = cause.cause)
    if (cause instanceof QueryError) return cause.errno;
  throw failure;
}
