import { mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Scope } from '../src/base/scope.js';
import { untilCaughtUp } from '../src/sandbox/replication.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import type { VersionName } from '../src/sandbox/versions.js';
import { Load } from './switchover-load.js';
import { openSwitchoverStage, type Steps } from './switchover-stage.js';
import { say } from './run.js';

export interface SwitchoverOptions {
  readonly version: VersionName;
  readonly program: string | undefined;
  readonly switchovers: number;
  /** Writes per second. */
  readonly rate: number;
  /** Between the two data centres, milliseconds; 0: there is one. */
  readonly roundTrip: number;
  readonly signal: AbortSignal;
}

/** What one change of the primary cost, milliseconds. */
export interface Switched {
  readonly to: string;
  /** From the statement that stops writes to the moment at which every announcer has told the new primary: Lockstep's clock. */
  readonly routed: number;
  /** The same, to the moment at which the new primary is open. */
  readonly promoted: number;
  /** From the last write that the old primary took to the first of the new one, by the servers' clock. */
  readonly still: number;
  /** The longest time without an acknowledged write, of a client through HAProxy and of one that goes from server to server. */
  readonly proxied: number;
  readonly direct: number;
  /** The commit record, written to the disk before the step `close`. */
  readonly record: number;
  /** Of the steps that writes wait for. */
  readonly steps: Steps;
  /** The whole run, most of it before the freeze and after it. */
  readonly run: number;
}

export interface Measured {
  readonly switched: readonly Switched[];
  readonly failed: readonly string[];
  /** Acknowledged writes per second, over all. */
  readonly rate: number;
  readonly acked: number;
  readonly lost: number;
  /** One write until a replica has applied it, and one fdatasync of 4 kB on the same disk, in between the switchovers. */
  readonly replicated: readonly number[];
  readonly fsync: readonly number[];
}

export async function measureSwitchovers(options: SwitchoverOptions): Promise<Measured> {
  const scope = new Scope();
  try {
    const stage = await openSwitchoverStage(scope, options);
    const load = await Load.start(stage, options.rate);
    scope.defer(() => load.stop());
    const disk = await mkdtemp(path.join(os.tmpdir(), 'lockstep-fsync-'));
    scope.defer(() => rm(disk, { recursive: true }));
    await pause(3000, undefined, { signal: options.signal });
    const [switched, failed, replicated, fsync]: [Switched[], string[], number[], number[]] = [[], [], [], []];
    const began = performance.now();
    for (let number = 1; number <= options.switchovers; number += 1) {
      options.signal.throwIfAborted();
      const from = await stage.primary();
      // Between the first two; with two data centres these are in one each.
      const to = stage.cluster.server(from.name === 'db1' ? 'db2' : 'db1');
      for (let probe = 1; probe <= 4; probe += 1) {
        replicated.push(await replicatedCommit(from, to, number * 10 + probe));
        fsync.push(await syncOnce(disk));
        await pause(50);
      }
      load.forget();
      const done = await stage.switchTo(to);
      await load.writesAgain();
      if (typeof done === 'string') {
        failed.push(done);
        say(`switchover ${number}, to ${to.name}, did not succeed: ${done}`);
      } else switched.push({ ...done, to: to.name, ...(await load.gaps(from, to)) });
      if (number % 20 === 0) say(`${number} switchovers, ${failed.length} failed`);
    }
    const seconds = (performance.now() - began) / 1000;
    await load.stop();
    return {
      switched,
      failed,
      rate: load.acked / seconds,
      acked: load.acked,
      lost: await load.lost(stage),
      replicated,
      fsync,
    };
  } finally {
    await scope.end();
  }
}

/** A replica that the load leaves behind is waited for: how long that takes is what is measured, seconds. */
const catchesUpWithin = 120;

/** From the write being sent to the replica's word that it has applied it. */
async function replicatedCommit(primary: SandboxServer, replica: SandboxServer, id: number): Promise<number> {
  const began = performance.now();
  await primary.sql(`INSERT INTO bench.probes VALUES (${id})`);
  await untilCaughtUp(replica, primary, { seconds: catchesUpWithin });
  return performance.now() - began;
}

async function syncOnce(directory: string): Promise<number> {
  const file = await open(path.join(directory, 'synced'), 'a');
  try {
    await file.write(Buffer.alloc(4096));
    const began = performance.now();
    await file.datasync();
    return performance.now() - began;
  } finally {
    await file.close();
  }
}
