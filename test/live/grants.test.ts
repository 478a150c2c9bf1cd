import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import { createAccount, grantStatements } from '../../src/dialects/grant-statements.js';
import { operatePrivileges } from '../../src/dialects/operate-grants.js';
import { quoteText } from '../../src/dialects/quote.js';
import type { ProcedureName } from '../../src/domain/procedure-names.js';
import type { Parameters, Scene } from '../../src/domain/scene.js';
import type { Procedure } from '../../src/engine/procedure.js';
import { QueryError, openSession } from '../../src/mysql/session.js';
import { procedures } from '../../src/procedures/index.js';
import type { Account, Accounts } from '../../src/sandbox/accounts.js';
import { startReplication, stopReplication } from '../../src/sandbox/faults.js';
import { writeConfiguration } from '../../src/sandbox/configuration.js';
import { lockstepCommand } from './command.js';
import { describeEach } from './matrix.js';
import { openMending, type Mending } from './mending.js';

/** What a procedure would do about this, as seen on real servers. */
interface Occasion {
  readonly scene: Scene;
  readonly parameters: Parameters;
}

const db2 = { cluster: 'sandbox', server: 'db2' };

/**
 * How to make each procedure have something to do. A new procedure is added here: that its grants are enough, and none
 * of them too many, is shown nowhere else.
 */
const occasions: Readonly<Partial<Record<ProcedureName, (mending: Mending) => Promise<Occasion>>>> = {
  'restart-replication': async (mending) => {
    await stopReplication(mending.sandbox.server('db2'));
    return { scene: await mending.scene(), parameters: { ...db2, channel: '' } };
  },
  'fence-writable-replica': async (mending) => {
    await mending.sandbox.open(mending.sandbox.server('db2'));
    return { scene: await mending.scene(), parameters: db2 };
  },
};

await describeEach('the grants of accounts', (version) => {
  const scope = new Scope();
  const probe = { user: 'probe', password: new Secret('a-word') };
  const all = Object.values(procedures);
  let mending: Mending;
  let found: readonly (Occasion & { readonly procedure: Procedure })[];

  beforeAll(async () => {
    mending = await openMending(scope, { version, replicas: 1 });
    const column = mending.sandbox.primary.column;
    const bypass = column.readOnlyBypass[0] === undefined ? [] : [`${column.readOnlyBypass[0]} ON *.*`];
    for (const server of mending.sandbox.servers)
      await server.run(['SET sql_log_bin = 0', `CREATE USER 'administrator'@'%' IDENTIFIED BY 'a-word' REQUIRE SSL`, ...grantStatements(bypass, { user: 'administrator' })]); // prettier-ignore
    const made: (Occasion & { readonly procedure: Procedure })[] = [];
    for (const procedure of all) {
      const occasion = await occasions[procedure.name]?.(mending);
      if (occasion === undefined) throw new Error(`test/live/grants.test.ts does not know when ${procedure.name} acts`);
      const { accounts } = occasion.scene.site;
      const scene = {
        ...occasion.scene,
        site: { ...occasion.scene.site, accounts: { ...accounts, operate: probe.user } },
      };
      made.push({ ...occasion, scene, procedure });
    }
    found = made;
  });

  afterAll(() => scope.end());

  /** Everything that the procedures would send, on an account with these privileges. The error numbers of what was refused. */
  async function refusedWith(privileges: readonly string[]): Promise<readonly number[]> {
    const { sandbox } = mending;
    await sandbox.open(sandbox.server('db2')); // where it was closed, nobody can make an account
    for (const server of sandbox.servers)
      await server.run([
        'SET sql_log_bin = 0',
        'DROP USER IF EXISTS probe',
        createAccount(probe, 'ssl', quoteText(probe.password.reveal())),
        ...grantStatements(privileges, probe),
      ]);
    const refused: number[] = [];
    for (const { procedure, scene, parameters } of found) {
      const victim = await administrator();
      const actor = await mending.actor(probe);
      try {
        await actor.lock(['db1', 'db2'], AbortSignal.timeout(10_000));
        let notes = {};
        for (const action of procedure.steps(scene, parameters).flatMap(({ plan }) => plan))
          notes = { ...notes, ...(await actor.send(action, notes, AbortSignal.timeout(10_000))) };
      } catch (failure) {
        refused.push(errnoOf(failure));
      } finally {
        victim.close();
        await actor.close();
      }
    }
    return refused;
  }

  /** A session that writes past read_only, where there are such. */
  async function administrator() {
    const { sandbox } = mending;
    const tls = { verify: 'identity', ca: await readFile(sandbox.client.ca) } as const;
    return openSession(
      { address: sandbox.server('db2').address, user: 'administrator', password: () => Promise.resolve(probe.password), tls }, // prettier-ignore
      { signal: AbortSignal.timeout(10_000) },
    );
  }

  it('are enough for every statement of every procedure, and none of them is too many', async () => {
    const names = all.map(({ name }) => name);
    const privileges = operatePrivileges(mending.sandbox.primary.column, names);
    expect(privileges.length).toBeGreaterThan(1);
    expect(await refusedWith(privileges)).toEqual([]);
    for (const one of privileges) {
      const refused = await refusedWith(privileges.filter((privilege) => privilege !== one));
      expect(refused, `without ${one}`).not.toEqual([]);
      // "Access denied; you need …", "SELECT command denied …", "You are not owner of thread …".
      expect(refused.filter((errno) => ![1227, 1142, 1095].includes(errno)), `without ${one}`).toEqual([]); // prettier-ignore
    }
  });

  it('are printed for a server that has no account yet, and make all that Lockstep needs', async () => {
    const { sandbox } = mending;
    const { accounts } = sandbox;
    const replica = sandbox.server('db2');
    await stopReplication(replica);
    await sandbox.open(replica);
    const file = await writeConfiguration(sandbox);
    for (const server of sandbox.servers)
      await server.run(['SET sql_log_bin = 0', ...everyAccount(accounts).map(({ user }) => `DROP USER ${user}`)]);
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
    for (const server of sandbox.servers) await server.run(['SET sql_log_bin = 0', ...statements]);
    const checked = await lockstepCommand('check', '--config', file);
    expect(checked.code, checked.output).toBe(0);
    await startReplication(replica);
    await mending.sceneUntil('the replica to log in', ({ snapshot }) => snapshot.servers[1]?.facts?.channels?.[0]?.io === 'running'); // prettier-ignore
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
