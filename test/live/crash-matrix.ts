import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcedureName } from '../../src/domain/procedure-names.js';
import { Scope } from '../../src/base/scope.js';
import { silentSeconds } from '../../src/actors/held-session.js';
import { faultPointsOf, undoPointsOf } from '../../src/engine/faults.js';
import type { EngineRecord } from '../../src/engine/records.js';
import { verifyJournal } from '../../src/journal/verify.js';
import { authorityFiles } from '../../src/pki/authority-files.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { until } from '../../src/sandbox/until.js';
import type { VersionName } from '../../src/sandbox/versions.js';
import { askedAnyway, type CrashCase } from './crash-case.js';
import { crashWays, writableServers } from './crash-cases.js';
import { called, crashPlan, type PlannedCrash, type Undone } from './crash-plan.js';
import { LockstepProcess } from './lockstep-process.js';
import { describeEach } from './matrix.js';

const plan = crashPlan();
/** A dump lays out a whole server, and starts it twice. Milliseconds. */
const endsWithin = 60_000;

/**
 * The real process is killed, or frozen and thawed, at every fault point of these procedures; then it is started again
 * over its journal. The points follow from the plans: a new step is covered without anybody adding it here.
 */
export async function crashMatrix(names: readonly ProcedureName[]): Promise<void> {
  process.stderr.write(`crash matrix: ${plan.words}\n`);
  await describeEach('after a crash', (version) => names.forEach((name) => suites(version, name)), plan.versions);
}

function suites(version: VersionName, procedure: ProcedureName): void {
  const ways = crashWays(procedure);
  for (const way of plan.ways(version, procedure, Object.keys(ways))) {
    const crash = ways[way];
    if (crash !== undefined) suite(version, procedure, way, crash);
  }
}

function suite(version: VersionName, procedure: ProcedureName, way: string, crash: CrashCase): void {
  const name = called(procedure, way);
  describe(name, () => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let lockstep: LockstepProcess;

    beforeAll(async () => {
      sandbox = scope.own(
        await createCluster({ version, replicas: 1, settings: crash.settings?.(version), servers: crash.servers }),
        (cluster) => cluster.stop(),
      );
      const configured = await crash.configuration?.(sandbox);
      lockstep = await LockstepProcess.lay(
        sandbox,
        { defaults: { failover: { evidence: '1s', looks: 2 } }, ...configured?.whole },
        { ...configured?.keys },
        await crash.ofServer?.(scope, sandbox),
      );
    });
    afterAll(() => scope.end());

    it('stands before or after, never between', async () => {
      const outline = await outlineOf(sandbox, lockstep, procedure, crash);
      const began = performance.now();
      const tally = new Tally();
      let runs = 1;
      for (const planned of plan.cases(version, name, outline)) {
        const one = { ...planned, procedure, name, crash, runs, after: outline.after };
        runs = await survived(sandbox, lockstep, one, tally);
      }
      const minutes = ((performance.now() - began) / 60_000).toFixed(1);
      process.stderr.write(`crash matrix: ${name} on ${version}: ${tally.words} in ${minutes} minutes\n`);
    }, 1_800_000);
  });
}

/** One life of the process after the other ends at its points. */
interface Crash extends PlannedCrash {
  readonly procedure: string;
  /** Of the procedure and its way. */
  readonly name: string;
  readonly crash: CrashCase;
  /** How many runs there were before this one. */
  readonly runs: number;
  /** The state when all went well. */
  readonly after: string;
}

/** What was done to a procedure, and what came of it. */
class Tally {
  readonly #points = new Set<string>();
  readonly #missed = new Set<string>();
  readonly #counts = new Map<string, number>();

  /** @param reached whether every point was come to, rather than the run was over before */
  note({ points, deed, fails }: PlannedCrash, reached: boolean, outcome: string): void {
    const point = fails === undefined ? points.join() : `${points.join()} (failed at ${fails})`;
    (reached ? this.#points : this.#missed).add(point);
    for (const what of [deed, reached ? 'reached' : 'over before it was reached', outcome])
      this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  get words(): string {
    const counts = [...this.#counts].map(([what, count]) => `${what} ${count}`);
    const missed = [...this.#missed].filter((point) => !this.#points.has(point));
    const never = missed.length === 0 ? '' : `; never reached: ${missed.join(' and ')}`;
    return `${this.#points.size} of ${this.#points.size + missed.length} points reached: ${counts.join(', ')}${never}`;
  }
}

/** One run without a crash tells the plan's points, and how it looks afterwards. */
async function outlineOf(sandbox: SandboxCluster, lockstep: LockstepProcess, procedure: string, crash: CrashCase) {
  await crash.provoke(sandbox);
  await lockstep.start();
  const { steps } = await lockstep.plan({ procedure, parameters: crash.parameters });
  const run = await lockstep.ended((await lockstep.run({ procedure, parameters: crash.parameters })).id, endsWithin);
  expect(run.outcome, run.why).toBe('succeeded');
  const after = await crash.state(sandbox);
  await lockstep.stop();
  await crash.mend(sandbox);
  const names = [...new Set(steps.map(({ section }) => section))];
  const sections = names.map((name) => ({ name, steps: steps.filter(({ section }) => section === name) }));
  // What is taken back is what was done before the commit point, or all of it.
  const commits = steps.findIndex((step) => step.commits);
  const back = steps.slice(0, commits === -1 ? undefined : commits).filter(({ undo }) => undo.length > 0);
  // Without a commit point, whoever comes after a death goes on: it is taken back where the step fails.
  const undone = back.flatMap(({ id }): readonly Undone[] => {
    const points = undoPointsOf(id);
    const ends = `step:${id}:ends`;
    if (commits !== -1) return [{ points, after: ends }];
    return [{ points, fails: ends }, ...(crash.failsLate === undefined ? [] : [{ points, fails: crash.failsLate }])];
  });
  return { points: faultPointsOf({ sections }), undone, after };
}

/** @returns how many runs there are now */
async function survived(
  sandbox: SandboxCluster,
  lockstep: LockstepProcess,
  crash: Crash,
  tally: Tally,
): Promise<number> {
  const { crash: one, procedure, name, points, deed, fails } = crash;
  const what = `${name} ${deed} at ${points.join(', then ')}${fails === undefined ? '' : ` after it failed at ${fails}`}`;
  await one.provoke(sandbox);
  const before = await one.state(sandbox);
  const writable = await writableServers(sandbox);
  let reached = true;
  for (const [index, point] of points.entries()) {
    const faults = [
      ...(fails === undefined ? [] : [`${fails}=fail`]),
      `${point}=${deed === 'freeze' ? 'stop' : 'kill'}`,
    ];
    await lockstep.start({ LOCKSTEP_FAULT: faults.join() });
    // The answer may never come.
    if (index === 0) void lockstep.run({ procedure, parameters: one.parameters }).catch(() => undefined);
    const struck = deed === 'freeze' ? thawed : killed;
    reached = (await struck(sandbox, lockstep, what, crash.runs)) && reached;
    // A frozen process goes on when it is thawed; a dead one is started again.
    const open = await writableServers(sandbox);
    const meant = [...writable, ...(one.opens ?? [])];
    expect(
      open.filter((name) => !meant.includes(name)),
      what,
    ).toEqual([]);
    expect(open.length, `${what}: ${open.join(' and ')} accept writes`).toBeLessThanOrEqual(
      Math.max(1, writable.length),
    );
  }
  if (!lockstep.child.alive) await lockstep.start();
  const runs = await lockstep.runs();
  const newest = runs[crash.runs === runs.length ? runs.length : 0];
  let outcome = 'never begun';
  if (newest === undefined) {
    // It died before the request was durable: nobody was told that it would be done.
    expect(await one.state(sandbox), what).toBe(before);
  } else {
    const run = await lockstep.ended(newest.id, endsWithin).catch((cause: unknown) => {
      throw new Error(`${what}: the run does not end`, { cause });
    });
    expect(run.state, `${what}: ${run.why}`).toBe('ended');
    outcome = run.outcome ?? 'none';
    const settled = async () => (await one.state(sandbox)) === (run.outcome === 'succeeded' ? crash.after : before);
    await until(
      `${what}: the state ${run.outcome === 'succeeded' ? 'after' : 'before'} (${run.outcome ?? ''}: ${run.why})`,
      settled,
      { within: 5000 },
    ).catch(async (cause: unknown) => {
      throw new Error(`is: ${await one.state(sandbox)}\nbefore: ${before}\nafter: ${crash.after}`, { cause });
    });
    if (run.outcome === 'succeeded' && one.opens !== undefined)
      expect(one.opens, what).toContain(await promotedBy(lockstep, run.id));
  }
  await lockstep.stop();
  expect(await verifyJournal(lockstep.journal), what).toMatchObject({ ok: true });
  const written = await allWritten(lockstep);
  const secrets = [...passwordsOf(sandbox), ...(await keyLinesOf(sandbox))];
  expect(secrets.filter((secret) => written.includes(secret)).length, `${what}: secrets in log or journal`).toBe(0);
  tally.note(crash, reached, outcome);
  await one.mend(sandbox);
  return runs.length;
}

/** Ended at its point, or done with its run before it came there. @returns whether it came there */
async function killed(
  sandbox: SandboxCluster,
  lockstep: LockstepProcess,
  what: string,
  before: number,
): Promise<boolean> {
  await until(`${what}: to be reached`, async () => !lockstep.child.alive || (await rests(lockstep, before)), {
    within: 60_000,
  });
  const came = !lockstep.child.alive;
  if (!came) await lockstep.stop();
  await withoutSessions(sandbox, `${what}: the sessions of the dead`, 5000);
  return came;
}

/** Stands still at its point until the servers have ended its sessions, and goes on then. @returns whether it came there */
async function thawed(
  sandbox: SandboxCluster,
  lockstep: LockstepProcess,
  what: string,
  before: number,
): Promise<boolean> {
  await until(`${what}: to be reached`, async () => (await lockstep.frozen()) || (await rests(lockstep, before)), {
    within: 60_000,
  });
  if (!(await lockstep.frozen())) return false;
  await withoutSessions(sandbox, `${what}: the sessions of the frozen`, (silentSeconds + 10) * 1000);
  lockstep.child.kill('SIGCONT');
  return true;
}

/** No lock outlives its bound: it dies with its session. */
async function withoutSessions(sandbox: SandboxCluster, what: string, within: number): Promise<void> {
  const others = `SELECT ID FROM information_schema.PROCESSLIST WHERE USER = '${sandbox.accounts.operate.user}' AND ID <> CONNECTION_ID()`; // prettier-ignore
  const gone = async () => {
    const running = sandbox.servers.filter((server) => server.running);
    const sessions = await Promise.all(running.map((server) => askedAnyway(sandbox, server, others)));
    return sessions.flat().length === 0;
  };
  await until(`${what} to be gone`, gone, { within });
}

/** @param before how many runs there were before this one */
async function rests(lockstep: LockstepProcess, before: number): Promise<boolean> {
  const runs = await lockstep.runs(1000).catch(() => []);
  return runs.length > before && runs.every(({ state }) => state === 'ended' || state === 'needs-human');
}

/** Whom the journal has as the primary since that run, whoever of its lives opened it. */
async function promotedBy(lockstep: LockstepProcess, id: string): Promise<string | undefined> {
  const names = (await readdir(lockstep.journal)).filter((name) => name.endsWith('.jsonl'));
  const texts = await Promise.all(names.map((name) => readFile(path.join(lockstep.journal, name), 'utf8')));
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => line.startsWith('{'));
  const records = lines.map((line) => (JSON.parse(line) as { readonly record: EngineRecord }).record);
  return records
    .flatMap((one) => (one.type === 'section-done' && one.run === id && one.committed ? [one.notes['promoted']] : []))
    .at(-1);
}

/** Its log, and every file of its journal's directory. */
async function allWritten(lockstep: LockstepProcess): Promise<string> {
  const names = await readdir(lockstep.journal, { recursive: true });
  const files = names.map((name) => path.join(lockstep.journal, name));
  const texts = [lockstep.log, ...files].map((file) => readFile(file, 'utf8').catch(() => ''));
  return (await Promise.all(texts)).join('\n');
}

function passwordsOf({ accounts }: SandboxCluster): readonly string[] {
  return [accounts.monitor, accounts.operate, accounts.replication].map(({ password }) => password.reveal());
}

/** What stands in every private key: of servers in whichever generation, of Lockstep, of the authority. */
async function keyLinesOf({ servers, client, authority }: SandboxCluster): Promise<readonly string[]> {
  const directories = [...servers.map(({ tlsDirectory }) => tlsDirectory), path.dirname(client.key)];
  const below = directories.map(async (directory) => {
    const names = await readdir(directory, { recursive: true });
    return names.filter((name) => name.endsWith('key.pem')).map((name) => path.join(directory, name));
  });
  const files = [...(await Promise.all(below)).flat(), authorityFiles(authority.directory).key];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  const lines = texts
    .flatMap((text) => text.split('\n'))
    .filter((line) => line.length > 20 && !line.startsWith('-----'));
  return ['PRIVATE KEY', ...new Set(lines)];
}
