import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { noMemory } from './no-memory.js';
import { survey } from '../../src/actors/survey.js';
import { SqlActor, type Reach } from '../../src/actors/sql-actor.js';
import { systemClock } from '../../src/base/clock.js';
import { silentLog } from '../../src/base/log.js';
import type { Scope } from '../../src/base/scope.js';
import { loadConfig } from '../../src/config/load.js';
import type { PrimaryChange } from '../../src/domain/primary-change.js';
import type { Progress } from '../../src/domain/progress.js';
import type { Parameters, Scene, Site } from '../../src/domain/scene.js';
import { Execution, type Bench, type Ending, type TakingBack } from '../../src/engine/execution.js';
import { planLines } from '../../src/engine/plan-text.js';
import { planOf, type Plan } from '../../src/engine/plan.js';
import type { EngineClock } from '../../src/engine/ports.js';
import type { Notes, Procedure } from '../../src/engine/procedure.js';
import type { ServerSnapshot } from '../../src/domain/snapshot.js';
import type { Observer } from '../../src/observe/observer.js';
import { OutlookMemory } from '../../src/observe/outlook-memory.js';
import { PlaintextMemory } from '../../src/observe/plaintext-memory.js';
import type { Account } from '../../src/sandbox/accounts.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration, type ConfigurationOptions } from '../../src/sandbox/configuration.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { until } from '../../src/sandbox/until.js';
import { authoritySeen, certificateReachOf } from '../../src/certificate-reach.js';
import { rotationSeen } from '../../src/rotation-seen.js';
import { siteOf } from '../../src/site.js';
import { observerOf } from '../../src/watched.js';

export interface Ran extends Ending {
  readonly plan: Plan;
  readonly notes: Notes;
  /** Ids of the steps that were sent, in order. */
  readonly sent: readonly string[];
  /** What the journal would hold of it: what may have been sent, and whether it was being taken back. */
  readonly begun: readonly string[];
  readonly takingBack: TakingBack | undefined;
}

export interface RunOptions {
  /** At this fault point the run breaks, as when the step failed. */
  readonly breakAt?: string;
  /** What happens at a fault point, before it goes on. */
  readonly at?: Readonly<Record<string, () => Promise<void>>>;
  /** Milliseconds for all of it; default 100000. */
  readonly within?: number;
  /** What happens at every fault point, before it goes on. */
  readonly atEach?: (point: string) => Promise<void>;
  /** Hears how far a long step is. */
  readonly progress?: (progress: Progress) => void;
  /** How many times faster than the clock its waits end. Default 1. */
  readonly hurry?: number;
}

/** Runs procedures on a sandbox cluster with the real eyes, hands and execution; what is left out is journal and guards. */
export class Workbench {
  /** What the journal would tell of the last change of the primary. */
  lastChange: PrimaryChange | undefined;

  constructor(
    readonly sandbox: SandboxCluster,
    readonly observer: Observer,
    readonly memory: PlaintextMemory,
    readonly outages: OutlookMemory,
    public site: Site,
    public reach: Reach,
    readonly authorities: () => Promise<Pick<Scene, 'authority' | 'rotation'>>,
  ) {}

  static async open(scope: Scope, sandbox: SandboxCluster, written: ConfigurationOptions = {}): Promise<Workbench> {
    const config = await loadConfig(await writeConfiguration(sandbox, written));
    const memory = await PlaintextMemory.open(
      path.join(await takeDirectory(sandbox.scope), 'plaintext.json'),
      silentLog,
    );
    scope.defer(() => memory.close());
    const outages = new OutlookMemory();
    const told = {
      seen: (snapshot: ServerSnapshot) => memory.note(snapshot),
      looked: (snapshot: ServerSnapshot) => outages.note(snapshot),
    };
    const observer = observerOf(config, { clock: systemClock, log: silentLog, ...told });
    scope.defer(() => observer.close());
    const [cluster] = config.clusters;
    if (cluster === undefined) throw new Error('no cluster');
    const { accounts } = sandbox;
    const site: Site = {
      ...siteOf(cluster),
      accounts: {
        monitor: accounts.monitor.user,
        operate: accounts.operate.user,
        replication: { user: accounts.replication.user, require: sandbox.options.requirement ?? 'x509' },
      },
    };
    const servers = site.servers.map((server) => ({
      ...server,
      host: 'local' as const,
      replicationTls: sandbox.channelTls(sandbox.server(server.name)),
    }));
    const sql = reachOf(sandbox, accounts.operate);
    const certificates = certificateReachOf(
      () => config,
      () => cluster,
      (server) => sql.target(server),
    );
    const authorities = async () => {
      const [authority, rotation] = await Promise.all([
        authoritySeen(config, cluster),
        rotationSeen(config, cluster, AbortSignal.timeout(10_000)),
      ]);
      return { ...(authority && { authority }), ...(rotation && { rotation }) };
    };
    return new Workbench(
      sandbox,
      observer,
      memory,
      outages,
      { ...site, servers },
      { ...sql, certificates },
      authorities,
    );
  }

  async look(how?: 'anew'): Promise<Scene> {
    const signal = AbortSignal.timeout(10_000);
    const [{ snapshot }, authorities] = await Promise.all([
      this.observer.lookAtCluster(this.site.cluster, { signal, thorough: how ?? true }),
      this.authorities(),
    ]);
    const { lastChange } = this;
    return {
      snapshot,
      site: this.site,
      plaintext: this.memory.of(this.site.cluster),
      outlook: this.outages.of(this.site.cluster, snapshot.servers),
      ...authorities,
      ...(lastChange === undefined ? {} : { lastChange }),
    };
  }

  /** As for a plan of this procedure. */
  async lookFor(procedure: Procedure, parameters: Parameters): Promise<Scene> {
    const scene = await this.look(procedure.looks);
    const wanted = procedure.surveys?.(scene, parameters) ?? [];
    if (wanted.length === 0) return scene;
    const surveys = wanted.map(async ({ server, ...wish }) => {
      const host = this.reach.host(server);
      const told = await survey({ server, ...wish, host, target: () => this.reach.target(server) }, AbortSignal.timeout(10_000)); // prettier-ignore
      await host?.close();
      return told;
    });
    return { ...scene, surveys: await Promise.all(surveys) };
  }

  /** Looks until the scene is as wanted. */
  async lookUntil(what: string, wanted: (scene: Scene) => boolean): Promise<Scene> {
    let scene = await this.look();
    // InnoDB shows its transactions anew only to those who have not asked for a tenth of a second.
    await until(what, async () => wanted((scene = await this.look())), { every: 250 });
    return scene;
  }

  /** Hands on the operate account, or on another. Whoever asks closes them. */
  actor(account: Account = this.sandbox.accounts.operate): SqlActor {
    const { certificates } = this.reach;
    return new SqlActor({ ...reachOf(this.sandbox, account), ...(certificates && { certificates }) });
  }

  parameters(more: Readonly<Record<string, string>> = {}): Parameters {
    return { cluster: this.site.cluster, ...more };
  }

  /** @throws when the procedure is not needed, or refuses: a test that runs one means it to run */
  async run(procedure: Procedure, parameters: Parameters, options: RunOptions = {}): Promise<Ran> {
    const scene = await this.lookFor(procedure, parameters);
    const need = procedure.needed(scene, parameters);
    const refusals = procedure.refusals(scene, parameters);
    if (need.observed !== 'yes' || refusals.length > 0)
      throw new Error(`${procedure.name} would not start: ${JSON.stringify([need, refusals])}`);
    return this.#carriedOut(procedure, planOf(procedure, scene, parameters), options);
  }

  /** Goes on with a run that needs a human, as when it is told to: what it had begun and learned is known. */
  resume(procedure: Procedure, ran: Ran, options: RunOptions = {}): Promise<Ran> {
    return this.#carriedOut(procedure, ran.plan, options, ran);
  }

  async #carriedOut(procedure: Procedure, plan: Plan, options: RunOptions, before?: Ran): Promise<Ran> {
    const actor = new SqlActor(this.reach);
    const [sent, learned]: [string[], Notes[]] = [[], [before?.notes ?? {}]];
    let takingBack = before?.takingBack;
    const remember = (notes: Notes) => {
      learned.push(notes);
      return Promise.resolve();
    };
    const begun = [...(before?.begun ?? [])];
    const past = before && { begun, notes: before.notes, committing: false, committed: false, takingBack };
    const bench: Bench = {
      plan,
      actor,
      clock: hurried(options.hurry ?? 1),
      look: async (notes) => ({ ...(await this.look(procedure.looks)), notes, held: actor.held }),
      write: {
        section: (_section, todo) => {
          begun.push(...todo.map(({ id }) => id));
          return Promise.resolve();
        },
        committing: (_, notes) => remember(notes),
        sectionDone: (_section, _result, notes) => remember(notes),
        undoing: (why, { shown, told }, notes) => {
          takingBack = { why, shown: takingBack?.shown === true || shown.length > 0, told };
          return remember(notes);
        },
        undone: () => Promise.resolve(),
        step: ({ id }, phase) => {
          if (phase === 'began') sent.push(id);
        },
        progress: (_, progress) => options.progress?.(progress),
      },
      fault: async (point) => {
        await options.at?.[point]?.();
        await options.atEach?.(point);
        if (point === options.breakAt) throw new Error(`broken at ${point}`);
      },
      pauseCollection: () => () => undefined,
      interrupted: () => undefined,
      signal: AbortSignal.timeout(options.within ?? 100_000),
      suspended: new AbortController().signal,
      told: new AbortController().signal,
    };
    try {
      const execution = new Execution(bench, past);
      const ending = await (before === undefined ? execution.forward() : execution.resume());
      return { ...ending, plan, notes: learned.at(-1) ?? {}, sent, begun, takingBack };
    } finally {
      await actor.close();
    }
  }
}

export function textOf({ plan }: Pick<Ran, 'plan'>): string {
  return planLines(plan).join('\n');
}

function hurried(times: number): EngineClock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now() * times,
    sleep: (milliseconds, signal) => pause(milliseconds / times, undefined, { signal }),
  };
}

function reachOf(sandbox: SandboxCluster, account: Account): Reach {
  return {
    // Files are read at each login, as Lockstep does.
    target: (name) => sandbox.login(sandbox.server(name), account),
    secret: (name) => Promise.resolve(sandbox.accounts[name].password),
    files: () => (file) => readFile(file),
    program: () => async (argv) => {
      const [program = '', ...words] = argv;
      const { code, stdout, stderr } = await execFileAnyway(program, words);
      return { code, stdout, stderr };
    },
    announce: () => Promise.reject(new Error('no announcer is configured here')),
    ...noMemory,
  };
}

/** Any code is an answer. */
function execFileAnyway(program: string, words: readonly string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(program, words, (failure, stdout, stderr) =>
      resolve({ code: failure === null ? 0 : typeof failure.code === 'number' ? failure.code : 1, stdout, stderr }),
    );
  });
}
