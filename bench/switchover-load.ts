import { readFile } from 'node:fs/promises';
import { untilCaughtUp } from '../src/sandbox/replication.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import { Writer, type Client } from '../test/live/chaos/writer.js';
import type { Attempt } from '../test/live/chaos/history.js';
import type { SwitchoverStage } from './switchover-stage.js';

/** How many of the paced writers come through HAProxy, and how many go from server to server. */
const [proxied, direct] = [5, 1];

/**
 * Applications that together write at a rate, over TLS. One through HAProxy and one that goes from server to server
 * write without a pause: they show the gap.
 */
export class Load {
  readonly #writers: readonly Writer[];
  #acked = 0;
  readonly #ackedKeys = new Map<number, number[]>();

  private constructor(
    readonly probes: { readonly proxied: Writer; readonly direct: Writer },
    paced: readonly Writer[],
  ) {
    this.#writers = [probes.proxied, probes.direct, ...paced];
  }

  static async start(stage: SwitchoverStage, rate: number): Promise<Load> {
    const ca = await readFile(stage.cluster.client.ca, 'utf8');
    const base = { ...stage.application, ca };
    const through: Client = { ...base, serverName: stage.primaryName, addresses: [stage.haproxy.address] };
    const around: Client = { ...base, addresses: stage.cluster.servers.map(({ address }) => address) };
    let number = 0;
    const writer = (client: Client, every: number) =>
      new Writer({ writer: (number += 1), client, table: 'bench.writes', every, transactions: 0, patience: 2000 });
    // The probes write as fast as one connection can; the others make up what is left.
    const every = ((proxied + direct) * 1000) / Math.max(1, rate - 2 * probeRate(rate));
    const probeEvery = 1000 / probeRate(rate);
    const probes = { proxied: writer(through, probeEvery), direct: writer(around, probeEvery) };
    return new Load(probes, [
      ...Array.from({ length: proxied }, () => writer(through, every)),
      ...Array.from({ length: direct }, () => writer(around, every)),
    ]);
  }

  /** Of all writers, since the start. */
  get acked(): number {
    return this.#acked + this.#writers.flatMap(({ attempts }) => attempts).filter(isAcked).length;
  }

  /** What was measured up to now is of no more interest; that it was acknowledged is kept. */
  forget(): void {
    for (const { attempts, options } of this.#writers) {
      const keys = this.#ackedKeys.get(options.writer) ?? [];
      this.#ackedKeys.set(options.writer, keys);
      for (const one of attempts.splice(0)) {
        if (!isAcked(one)) continue;
        this.#acked += 1;
        keys.push(one.seq);
      }
    }
  }

  /** Settles when everybody has been acknowledged a write that began after this call. */
  async writesAgain(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.writesAgain()));
  }

  /** Since {@link forget}. */
  async gaps(
    from: SandboxServer,
    to: SandboxServer,
  ): Promise<{ readonly proxied: number; readonly direct: number; readonly still: number }> {
    const since = Math.min(
      ...this.#writers.flatMap(({ attempts }) => attempts.slice(0, 1).map(({ sentAt }) => sentAt)),
    );
    const at = async (server: SandboxServer, which: 'MAX' | 'MIN') => {
      const [row] = await to.sql(
        `SELECT UNIX_TIMESTAMP(${which}(at)) * 1000 AS at FROM bench.writes WHERE server = ${server.options.serverId} AND at >= FROM_UNIXTIME(${since / 1000})`,
      );
      return Number(row?.['at'] ?? NaN);
    };
    const [last, first] = [await at(from, 'MAX'), await at(to, 'MIN')];
    return { proxied: longestGap(this.probes.proxied), direct: longestGap(this.probes.direct), still: first - last };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.stop()));
  }

  /** Acknowledged writes that a server lacks, the most of any. */
  async lost(stage: SwitchoverStage): Promise<number> {
    this.forget();
    const primary = await stage.primary();
    const replicas = stage.cluster.servers.filter((server) => server !== primary);
    await Promise.all(replicas.map((replica) => untilCaughtUp(replica, primary, { seconds: 60 })));
    const missing = await Promise.all(
      stage.cluster.servers.map(async (server) => {
        const rows = await server.sql('SELECT writer, seq FROM bench.writes', 120_000);
        const there = new Set(rows.map(({ writer, seq }) => `${writer ?? ''}/${seq ?? ''}`));
        return [...this.#ackedKeys].flatMap(([writer, keys]) => keys.filter((seq) => !there.has(`${writer}/${seq}`)))
          .length;
      }),
    );
    return Math.max(...missing);
  }
}

/** Writes per second of each of the two that show the gap. */
function probeRate(rate: number): number {
  return Math.min(200, rate / 4);
}

function isAcked({ outcome }: Attempt): boolean {
  return outcome === 'acked';
}

/** Between two acknowledgements that follow each other. */
function longestGap({ attempts }: Writer): number {
  const ends = attempts.filter(isAcked).map(({ endedAt }) => endedAt);
  return Math.max(...ends.slice(1).map((end, index) => end - (ends[index] ?? end)));
}
