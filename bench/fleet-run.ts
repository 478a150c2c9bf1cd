import { setTimeout as pause } from 'node:timers/promises';
import { Scope } from '../src/base/scope.js';
import { issueFleetTls, placeOf, writeFleetConfiguration } from './fleet-configuration.js';
import { startLockstep } from './lockstep-process.js';
import { Prober } from './prober.js';
import { usageOf } from './process-usage.js';
import type { Recording } from './recording.js';
import { say } from './run.js';
import { SimulatedFleet } from './simulated-fleet.js';
import type { Hang } from './simulated-server.js';

/** What one stretch of time showed. */
export interface Window {
  readonly title: string;
  readonly seconds: number;
  /** Lockstep's processor time, as a share of one core. */
  readonly cpu: number;
  readonly residentBytes: number;
  /** Of each probe of a server that is well, milliseconds. */
  readonly milliseconds: readonly number[];
  /** Probes of servers that are well whose page did not come or did not say up. */
  readonly errors: number;
  /** Of each scrape of Lockstep's own page, milliseconds; NaN for one that failed. */
  readonly pages: readonly number[];
}

export interface FleetOptions {
  readonly program: string | undefined;
  /** Seconds between two probes of one server. */
  readonly interval: number;
  /** Seconds that a window lasts. */
  readonly seconds: number;
  /** `curve`: one window. `whole`: without Lockstep's own page, with it, and with one in ten servers hanging. */
  readonly extent: 'curve' | 'whole';
  readonly signal: AbortSignal;
}

/** Boots so many simulated servers and one Lockstep that watches them, probes them for a while, and stops it all. */
export async function runFleet(servers: number, recording: Recording, options: FleetOptions): Promise<Window[]> {
  const scope = new Scope();
  try {
    const fleet = await bootFleet(scope, servers, recording, options);
    await fleet.warmUp();
    fleet.prober.withMetrics = options.extent === 'curve';
    const windows = [await fleet.watch(options.extent === 'curve' ? `${servers} servers` : 'probes alone')];
    if (options.extent === 'whole') {
      fleet.prober.withMetrics = true;
      windows.push(await fleet.watch('and /metrics each interval'));
      await fleet.hangEveryTenth();
      windows.push(await fleet.watch('one in ten hanging'));
    }
    const { unknown } = await fleet.simulated.state();
    if (unknown.length > 0) throw new Error(`Lockstep asked what was never recorded: ${unknown.join('\n')}`);
    return windows;
  } finally {
    await scope.end();
  }
}

async function bootFleet(scope: Scope, servers: number, recording: Recording, options: FleetOptions): Promise<Fleet> {
  const tls = await issueFleetTls(scope);
  const simulated = await SimulatedFleet.start(scope, servers, recording, tls);
  const { url, pid } = await startLockstep(scope, {
    program: options.program,
    configure: (listen) => writeFleetConfiguration(scope, listen, simulated.ports, tls.authority),
  });
  const urls = simulated.ports.map((_, index) => {
    const { cluster, server } = placeOf(index);
    return `${url}/probe?target=${cluster}/${server}`;
  });
  const prober = scope.own(new Prober(urls, `${url}/metrics`, options.interval * 1000), (own) => own.stop());
  return new Fleet(simulated, prober, pid, options);
}

class Fleet {
  #hanging: ReadonlySet<number> = new Set();

  constructor(
    readonly simulated: SimulatedFleet,
    readonly prober: Prober,
    readonly lockstep: number,
    readonly options: FleetOptions,
  ) {}

  get servers(): number {
    return this.simulated.ports.length;
  }

  /** Until every server has a session and has been probed once more since. */
  async warmUp(): Promise<void> {
    const { interval, signal } = this.options;
    say(`${this.servers} servers: opening sessions`);
    this.prober.start();
    for (;;) {
      await pause(interval * 1000, undefined, { signal });
      const { sessions } = await this.simulated.state();
      if (sessions >= this.servers) break;
      say(`${this.servers} servers: ${sessions} have a session`);
    }
    await pause(interval * 1000, undefined, { signal });
  }

  async watch(title: string): Promise<Window> {
    const { seconds, signal } = this.options;
    say(`${this.servers} servers: ${title}, ${seconds} s`);
    this.prober.take();
    const before = usageOf(this.lockstep);
    const began = performance.now();
    await pause(seconds * 1000, undefined, { signal });
    const elapsed = (performance.now() - began) / 1000;
    const after = usageOf(this.lockstep);
    const { probed, pages } = this.prober.take();
    const well = probed.filter(({ target }) => !this.#hanging.has(target));
    return {
      title,
      seconds: elapsed,
      cpu: (after.cpuSeconds - before.cpuSeconds) / elapsed,
      residentBytes: after.residentBytes,
      milliseconds: well.map((one) => one.milliseconds),
      errors: well.filter((one) => !one.up).length,
      pages,
    };
  }

  /** Half of them fall silent in the middle of their sessions, half do not even greet any more; whole clusters of them too. */
  async hangEveryTenth(): Promise<void> {
    const { interval, signal } = this.options;
    const hanging = this.simulated.ports.flatMap((_, index): (readonly [number, Hang])[] =>
      index % 10 === 5 ? [[index, Math.floor(index / 10) % 2 === 0 ? 'query' : 'greeting']] : [],
    );
    this.#hanging = new Set(hanging.map(([index]) => index));
    say(`${this.servers} servers: ${hanging.length} of them hang from now on`);
    await this.simulated.hang(hanging);
    await pause(2 * interval * 1000, undefined, { signal });
  }
}
