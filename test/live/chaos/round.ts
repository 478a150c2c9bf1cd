import { writeFile } from 'node:fs/promises';
import { untilCaughtUp } from '../../../src/sandbox/replication.js';
import type { SandboxServer } from '../../../src/sandbox/server.js';
import { verifyJournal } from '../../../src/journal/verify.js';
import { database, type ChaosCluster } from './cluster.js';
import { Counts } from './counts.js';
import { Dice } from '../dice.js';
import { declaredLosses, promotions } from './changes.js';
import { failOver } from './failing-over.js';
import { finalServers } from './final.js';
import { alarms, heal } from './healing.js';
import type { Evidence } from './history.js';
import { lostOf, undeclaredOf, violationsOf } from './invariants.js';
import { operate, type Stage } from './operation.js';
import { Sampler } from './sampler.js';
import { Writer } from './writer.js';

export interface RoundOptions {
  /** With which everything of this round can be repeated. */
  readonly seed: string;
  /** How many changes of the primary are asked for. */
  readonly operations: number;
  /** Without it no fault is done. Default true. */
  readonly faults?: boolean;
  /** Which share of them are failovers. Default 0. */
  readonly failovers?: number;
}

/** Writers at work, milliseconds between two writes of each. */
const writers = 4;
const every = 15;

/**
 * One round: writers write, the primary is changed again and again, and everything bad happens. Then all settles, and
 * what everybody saw and holds is judged.
 * @throws Error naming every violation, with the seed and the whole story
 */
export async function chaosRound(cluster: ChaosCluster, options: RoundOptions): Promise<Counts> {
  const story: string[] = [];
  const began = performance.now();
  const tell = (event: string) => {
    const line = `${((performance.now() - began) / 1000).toFixed(2).padStart(7)} ${event}`;
    story.push(line);
    if (process.env['LOCKSTEP_CHAOS_STORY'] !== undefined) process.stderr.write(`${line}\n`);
  };
  const stage: Stage = {
    cluster,
    dice: new Dice(options.seed),
    counts: new Counts(),
    tell,
    faults: options.faults ?? true,
  };
  try {
    const violations = violationsOf(await played(stage, options));
    if (violations.length > 0) throw new Error(violations.map(({ invariant, sentence }) => `${invariant}: ${sentence}`).join('\n')); // prettier-ignore
    return stage.counts;
  } catch (cause) {
    const file = `${cluster.lockstep.log}.story`;
    await writeFile(file, `${story.join('\n')}\n`);
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the round with the seed ${options.seed} failed:\n${words}\nits story:\n${story.join('\n')}`, { cause }); // prettier-ignore
  }
}

async function played(stage: Stage, { operations, failovers = 0 }: RoundOptions): Promise<Evidence> {
  const { cluster, counts, dice, tell } = stage;
  const table = `${database}.writes`;
  const first = await cluster.primary();
  await lay(cluster, table);
  if (!cluster.lockstep.started) await cluster.start();
  await cluster.seen();
  const earlier = new Set((await cluster.lockstep.runs()).map(({ id }) => id));
  const sampler = new Sampler(cluster.servers, cluster.sampler);
  const working = Array.from({ length: writers }, (_, index) => {
    const client = index % 2 === 1 ? cluster.proxied : cluster.direct;
    return new Writer({ writer: index + 1, client, table, every, asksWho: true });
  });
  try {
    for (let operation = 1; operation <= operations; operation += 1) {
      const from = await cluster.primary();
      if (failovers > 0 && dice.chance(failovers)) await failOver(stage, from);
      else await switchOver(stage, from);
      await heal(stage);
    }
    await Promise.all(
      working.map(async (writer) => {
        await writer.writesAgain().catch((cause: unknown) => {
          tell(
            `writer ${writer.options.writer} was told last: ${JSON.stringify(writer.attempts.at(-1))}, ${writer.refused}`,
          );
          throw cause;
        });
      }),
    );
  } finally {
    await Promise.all(working.map((writer) => writer.stop()));
    await sampler.stop();
  }
  const primary = await cluster.primary();
  await Promise.all(cluster.servers.filter((one) => one !== primary).map((one) => untilCaughtUp(one, primary)));
  const { lockstep, network, baseline, servers, channelTls } = cluster;
  const runs = (await lockstep.runs()).filter(({ id }) => !earlier.has(id)).reverse();
  const { semiSync = false, fence = true } = cluster.options;
  const evidence: Evidence = {
    attempts: working.flatMap(({ attempts }) => attempts),
    samples: sampler.samples,
    servers: await finalServers({ servers, network, baseline, table }),
    primaries: [first.name, ...(await promotions(cluster, runs))],
    channelTls,
    runs: runs.map(({ id, procedure, state, outcome, why }) => ({ id, procedure, state, outcome, why })),
    alarmed: await alarms(lockstep.url),
    journal: await journalOf(cluster),
    losses: semiSync ? [] : await declaredLosses(cluster, runs),
    fenced: fence,
  };
  for (const { procedure, state, outcome } of runs) counts.add(procedure, outcome ?? state);
  for (const { outcome } of evidence.attempts) counts.add('writes', outcome);
  counts.add('writes', 'lost', lostOf(evidence));
  counts.add('writes', 'lost without having been declared', undeclaredOf(evidence));
  counts.add('rounds', 'played');
  return evidence;
}

async function switchOver(stage: Stage, from: SandboxServer): Promise<void> {
  const { cluster, dice, tell } = stage;
  const others = cluster.servers.filter((server) => server !== from);
  const to = dice.pick(others);
  tell(`${from.name} is the primary, ${to.name} is to be`);
  const asked = { procedure: 'switchover', parameters: { cluster: 'sandbox', to: to.name, 'long-running': dice.pick(['wait', 'ask', 'end']) } }; // prettier-ignore
  await operate(stage, { cluster, dice, from, to, others: others.filter((server) => server !== to) }, asked);
}

async function lay(cluster: ChaosCluster, table: string): Promise<void> {
  const { sandbox } = cluster;
  const primary = await cluster.primary();
  for (const text of [
    `DROP TABLE IF EXISTS ${table}, ${database}.slow`,
    `CREATE TABLE ${table} (writer INT, seq INT, server INT, at DATETIME(6), PRIMARY KEY (writer, seq))`,
    `CREATE TABLE ${database}.slow (id INT AUTO_INCREMENT PRIMARY KEY, n INT)`,
    `INSERT INTO ${database}.slow (n) VALUES (0)`,
  ])
    await primary.sql(text);
  await Promise.all(sandbox.servers.filter((one) => one !== primary).map((one) => untilCaughtUp(one, primary)));
}

async function journalOf({ lockstep }: ChaosCluster): Promise<Evidence['journal']> {
  const verdict = await verifyJournal(lockstep.journal);
  return { ok: verdict.ok, why: JSON.stringify(verdict) };
}
