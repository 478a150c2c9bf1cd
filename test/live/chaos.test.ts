import { expect, it } from 'vitest';
import type { VersionName } from '../../src/sandbox/versions.js';
import { ChaosCluster } from './chaos/cluster.js';
import { Counts } from './chaos/counts.js';
import { chaosRound } from './chaos/round.js';
import { Dice } from './dice.js';
import { seed as chosen } from './extent.js';
import { describeEach, oneOfEach } from './matrix.js';

/**
 * The primary is changed to and fro, and lost, while applications write and everything bad happens; afterwards nothing
 * that was acknowledged may be missing, beyond what a failover had said, and nothing may be left behind.
 * LOCKSTEP_CHAOS_MINUTES: how long, over all versions and modes; unset: a short one on one version. LOCKSTEP_SEED repeats
 * one, LOCKSTEP_CHAOS_ROUND one round of it. LOCKSTEP_CHAOS_FAILOVERS: the share of failovers, default 0.4.
 * LOCKSTEP_CHAOS_STORY: set, what happens is told while it does.
 */
const minutes = Number(process.env['LOCKSTEP_CHAOS_MINUTES'] ?? 0);
const seed = chosen();
const only = process.env['LOCKSTEP_CHAOS_ROUND'];
const failovers = Number(process.env['LOCKSTEP_CHAOS_FAILOVERS'] ?? 0.4);
const versions = minutes > 0 ? oneOfEach : oneOfEach.slice(0, 1);
const modes = minutes > 0 ? (['gtid', 'position'] as const) : (['gtid'] as const);
process.stderr.write(`chaos: seed ${seed}\n`);

await describeEach(
  'chaos',
  (version) => {
    for (const mode of modes)
      it(`loses no acknowledged write, by ${mode}`, { timeout: (minutes + 30) * 60_000 }, async () => {
        const counts = minutes === 0 ? await short(version) : await long(version, mode);
        process.stderr.write(`chaos on ${version} by ${mode}, seed ${seed}:\n  ${counts.lines().join('\n  ')}\n`);
        expect(counts.get('writes', 'acked')).toBeGreaterThan(100);
        expect(counts.get('writes', 'lost without having been declared')).toBe(0);
      });
  },
  versions,
);

/** One round without faults shows that the test itself can be trusted, one with; then the primary is lost. */
async function short(version: VersionName): Promise<Counts> {
  const cluster = await ChaosCluster.open({ version, mode: 'gtid', semiSync: true });
  const counts = new Counts();
  try {
    counts.merge(await chaosRound(cluster, { seed: `${seed} calm`, operations: 1, faults: false }));
    expect(counts.get('switchover', 'succeeded')).toBe(1);
    counts.merge(await chaosRound(cluster, { seed: `${seed} ${version} 1`, operations: 2 }));
    counts.merge(await chaosRound(cluster, { seed: `${seed} lost`, operations: 1, faults: false, failovers: 1 }));
    return counts;
  } finally {
    await cluster.stop();
  }
}

/** Rounds until the time of this version and mode is over, or the only one. A cluster lasts for a few of them. */
async function long(version: VersionName, mode: 'gtid' | 'position'): Promise<Counts> {
  const counts = new Counts();
  const failures: unknown[] = [];
  const until = performance.now() + (minutes * 60_000) / versions.length / modes.length;
  const last = only === undefined ? Infinity : Number(only);
  for (let round = Number(only ?? 1); round <= last && performance.now() < until; round += 1) {
    try {
      counts.merge(await roundOf(round, version, mode));
    } catch (failure) {
      failures.push(failure);
      counts.add('rounds', 'failed');
      process.stderr.write(`${failure instanceof Error ? failure.message : String(failure)}\n`);
    }
    process.stderr.write(`chaos on ${version} by ${mode} so far:\n  ${counts.lines().join('\n  ')}\n`);
  }
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} rounds failed`);
  return counts;
}

/** A few changes of the primary of a new cluster, so that each round can be repeated alone. */
async function roundOf(round: number, version: VersionName, mode: 'gtid' | 'position'): Promise<Counts> {
  const named = `${seed} ${version} ${mode} ${round}`;
  const dice = new Dice(named);
  const diskMegabytes = process.getuid?.() === 0 && dice.chance(0.5) ? 400 : undefined;
  const durable = dice.chance(0.5);
  // Without either nobody should replace a primary that may still acknowledge.
  const semiSync = dice.chance(0.6);
  const fence = !semiSync || dice.chance(0.5);
  const cluster = await ChaosCluster.open({ version, mode, durable, diskMegabytes, semiSync, fence });
  try {
    return await chaosRound(cluster, { seed: named, operations: 8, failovers });
  } finally {
    await cluster.stop();
  }
}
