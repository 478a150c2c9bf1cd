import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ProgramRunner } from './actors/program.js';
import { SqlActor, type Reach } from './actors/sql-actor.js';
import { AnnouncerShelf } from './announcers.js';
import { Drills } from './drills.js';
import { systemClock } from './base/clock.js';
import { LockstepError, messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import { Redactor } from './base/redact.js';
import type { FileReader } from './actors/rehearse.js';
import { authoritySeen, certificateReachOf } from './certificate-reach.js';
import type { AutomationConfig } from './config/automation.js';
import type { ClusterConfig, Config } from './config/config.js';
import type { HostConfig } from './config/host-config.js';
import { readSecret, type SecretRef } from './config/secrets.js';
import type { ClusterSnapshot, ServerSnapshot } from './domain/snapshot.js';
import type { Engine } from './engine/engine.js';
import { openEngine } from './engine/engine.js';
import type { KnownCluster } from './engine/parameters.js';
import type { Actors, SceneObserver } from './engine/ports.js';
import type { EngineRecord } from './engine/records.js';
import type { EngineRules } from './engine/shop.js';
import { engineClock } from './engine/timing.js';
import { faultHook } from './faults.js';
import { hostSettingsOf } from './host-settings.js';
import { openHost } from './hosts/open.js';
import { openFileJournal } from './journal/file-journal.js';
import type { Journal } from './journal/journal.js';
import { openReadOnly } from './journal/read-only.js';
import { TimedJournal } from './timed-journal.js';
import { alertmanagerSettingsOf } from './notify-settings.js';
import { alertmanagerSilences } from './notify/silences.js';
import type { Observer } from './observe/observer.js';
import { OutlookMemory, type Named } from './observe/outlook-memory.js';
import { PlaintextMemory } from './observe/plaintext-memory.js';
import { Vigil } from './observe/vigil.js';
import { procedures } from './procedures/index.js';
import { siteOf } from './site.js';
import { targetOf } from './target-of.js';
import { Verifications } from './verifications.js';
import { WorkMemories } from './work-memory.js';
import { relationsOf } from './domain/relations.js';
import { topologyOf } from './domain/topology.js';

export interface AutomationOptions {
  /** The configuration of now. */
  readonly config: () => Config;
  /** The eyes of now. */
  readonly observer: () => Observer;
  readonly log: Log;
}

/** How old a recent look may be, milliseconds. */
const recently = 2000;

/** The engine with its journal, hands and eyes. */
export interface RunningAutomation {
  readonly engine: Engine;
  readonly shelf: AnnouncerShelf;
  readonly journalDirectory: string;
  /** The newest of every replica. */
  readonly verifications: Verifications;
  /** Which servers could become the primary now. */
  readonly drills: Drills;
  /** Whether the newest record could be made durable. */
  readonly writable: boolean;
  /** Told how long each record took to become durable, seconds. */
  appended: (seconds: number) => void;
  /** Remembers what a look at a server saw of plaintext. */
  noted(snapshot: ServerSnapshot): void;
  /** Remembers whether a look could ask a server. */
  looked(snapshot: ServerSnapshot): void;
  /** Open runs go on, and servers are looked at although nobody asks. */
  start(): void;
  /** See {@link Engine.stop}; then the journal is closed. */
  stop(): Promise<void>;
}

/**
 * Opens the journal and reads it. undefined where the configuration has none: then nothing may act.
 * @throws LockstepError of the journal, `journal-held` above all
 */
export async function openAutomation(options: AutomationOptions): Promise<RunningAutomation | undefined> {
  const { config, log } = options;
  const settings = config().automation;
  if (settings === undefined) return undefined;
  const journal = await openFileJournal<EngineRecord>({
    directory: settings.journal.directory,
    clock: systemClock,
    log,
  });
  const memory = await PlaintextMemory.open(memoryIn(settings), log);
  const kept = await keptBeside(settings, log);
  try {
    const timed = new TimedJournal(journal, (seconds) => running.appended(seconds));
    const shelf = new AnnouncerShelf();
    const outlook = new OutlookMemory();
    const engine = await engineOver(timed, settings, options, { memory, shelf, outlook, ...kept });
    const vigil = vigilOver(options);
    const all = { memory, shelf, outlook, ...kept };
    const drills = new Drills({ config, observer: eyes(options, all), actors: hands(options, new Redactor(), all), engine, log }); // prettier-ignore
    const running: RunningAutomation = {
      engine,
      shelf,
      appended: () => undefined,
      noted: (snapshot) => memory.note(snapshot),
      looked: (snapshot) => outlook.note(snapshot),
      journalDirectory: settings.journal.directory,
      verifications: kept.verifications,
      drills,
      get writable() {
        return timed.writable;
      },
      start: () => {
        vigil.start();
        const open = new Set(engine.book.open().map(({ id }) => id));
        kept.work.prune(open).catch((cause: unknown) => log.warn({ error: messageOf(cause) }, 'what runs of old left behind stays')); // prettier-ignore
        engine.start();
      },
      stop: async () => {
        await Promise.all([vigil.stop(), engine.stop()]);
        await Promise.all([shelf.close(), memory.close(), journal.close()]);
      },
    };
    return running;
  } catch (cause) {
    await Promise.all([memory.close(), journal.close()]);
    throw cause;
  }
}

/**
 * The engine over the journal as it is now, for looking and planning: never started, it changes nothing, also while
 * another instance writes there. undefined where the configuration has no journal.
 * @throws LockstepError of the journal
 */
export async function readAutomation(options: AutomationOptions): Promise<Engine | undefined> {
  const settings = options.config().automation;
  if (settings === undefined) return undefined;
  const memory = await PlaintextMemory.read(memoryIn(settings), options.log);
  const journal = await openReadOnly<EngineRecord>(settings.journal.directory);
  const kept = await keptBeside(settings, options.log);
  return engineOver(journal, settings, options, { memory, shelf: new AnnouncerShelf(), ...kept });
}

async function keptBeside(
  { journal: { directory } }: AutomationConfig,
  log: Log,
): Promise<Pick<Kept, 'work' | 'verifications'>> {
  const verifications = await Verifications.open(path.join(directory, 'verifications.json'), log);
  return { work: new WorkMemories(path.join(directory, 'work')), verifications };
}

/** Beside the journal, for whoever holds that alone writes there. */
function memoryIn({ journal }: AutomationConfig): string {
  return path.join(journal.directory, 'plaintext.json');
}

/** What eyes and hands keep from one look or act to the next. */
interface Kept {
  readonly memory: PlaintextMemory;
  readonly shelf: AnnouncerShelf;
  /** undefined where nobody looks all the time. */
  readonly outlook?: OutlookMemory;
  /** What long work remembers, and what verifications have shown. */
  readonly work: WorkMemories;
  readonly verifications: Verifications;
}

function engineOver(
  journal: Journal<EngineRecord>,
  settings: AutomationConfig,
  options: AutomationOptions,
  kept: Kept,
): Promise<Engine> {
  const { config, log } = options;
  const redactor = new Redactor();
  return openEngine({
    journal,
    procedures,
    ports: {
      observer: eyes(options, kept),
      actors: hands(options, redactor, kept),
      clock: engineClock,
      silences: { covers: (labels, signal) => silencesOf(config, log).covers(labels, signal) },
      fault: faultHook(log),
      redact: (text) => redactor.redact(text),
    },
    log,
    rules: () => rulesOf(config().automation ?? settings),
    clusters: knownClusters(config),
  });
}

/** The same list until the configuration changes: it is asked for at every alert. */
function knownClusters(config: () => Config): () => readonly KnownCluster[] {
  let made: { readonly of: Config; readonly clusters: readonly KnownCluster[] } | undefined;
  return () => {
    const now = config();
    if (made?.of !== now)
      made = { of: now, clusters: now.clusters.map(({ name, servers }) => ({ name, servers: servers.map((one) => one.name) })) }; // prettier-ignore
    return made.clusters;
  };
}

/** What a cluster says under the configuration of now. @throws LockstepError `cluster-unknown` */
function clusterNamed(config: Config, name: string): ClusterConfig {
  const found = config.clusters.find((cluster) => cluster.name === name);
  if (found !== undefined) return found;
  throw new LockstepError('cluster-unknown', `the configuration names no cluster "${name}"`);
}

function eyes({ config, observer }: AutomationOptions, { memory, shelf, outlook }: Kept): SceneObserver {
  return {
    look: async (name, signal, kind) => {
      const how = kind === 'recent' ? { maxAge: recently, unpaused: true } : { thorough: kind ?? true };
      const cluster = clusterNamed(config(), name);
      const [{ snapshot }, announcements, authority] = await Promise.all([
        observer().lookAtCluster(name, { signal, ...how }),
        shelf.readBack(cluster, signal),
        authoritySeen(config(), cluster),
      ]);
      const told = {
        ...(announcements === undefined ? {} : { announcements }),
        ...(authority === undefined ? {} : { authority }),
      };
      const remembered = outlook === undefined ? {} : { outlook: outlook.of(name, fleetOf(config())) };
      return { snapshot, site: siteOf(cluster), plaintext: memory.of(name), ...told, ...remembered };
    },
    pauseCollection: (cluster) => observer().pause(cluster),
  };
}

/** Every server that is watched. */
function fleetOf({ clusters }: Config): readonly Named[] {
  return clusters.flatMap(({ name: cluster, servers }) => servers.map(({ name }) => ({ cluster, name })));
}

function vigilOver({ config, observer }: AutomationOptions): Vigil {
  const interval = () => config().observe.intervalSeconds * 1000;
  const wholeInterval = () => Math.max(interval(), config().observe.freshnessSeconds * 1000);
  return new Vigil({ observer, clock: systemClock, interval, wholeInterval });
}

function hands({ config, observer }: AutomationOptions, redactor: Redactor, kept: Kept): Actors {
  const read = async (ref: SecretRef) => redactor.learn(await readSecret(ref));
  const target = (name: string) => (server: string) => {
    const cluster = clusterNamed(config(), name);
    const found = cluster.servers.find((one) => one.name === server);
    const { operate } = cluster.accounts;
    if (found === undefined || operate === undefined)
      throw new LockstepError('unknown-server', `${name}/${server} cannot be reached to change anything`);
    return targetOf(cluster, found, operate, read);
  };
  const reach = (run: string, name: string): Reach => ({
    memory: (step) => kept.work.of(run, step),
    verified: (verification) => kept.verifications.keep({ ...verification, cluster: name }),
    follows: async (replica, channel, source, signal) => {
      const { snapshot } = await observer().lookAtCluster(name, { signal, thorough: true });
      return notFollowing(snapshot, replica, channel, source);
    },
    target: target(name),
    certificates: certificateReachOf(config, () => clusterNamed(config(), name), target(name)),
    secret: (account) => {
      const ref = clusterNamed(config(), name).accounts[account];
      if (ref === undefined) throw new LockstepError('secret-missing', `${name} has no account "${account}"`);
      return read(ref.password);
    },
    files: (server) => {
      const host = clusterNamed(config(), name).servers.find((one) => one.name === server)?.host;
      return host && filesOn(host);
    },
    program: (server) => {
      const host = clusterNamed(config(), name).servers.find((one) => one.name === server)?.host;
      return host && programsOn(host);
    },
    announce: (action, signal) => kept.shelf.of(clusterNamed(config(), name)).carryOut(action, signal),
  });
  return { open: (run, cluster) => new SqlActor(reach(run, cluster)) };
}

/** Why a replica does not follow a source now; undefined: it does. */
function notFollowing(snapshot: ClusterSnapshot, replica: string, channel: string, source: string): string | undefined {
  const { channels } = relationsOf(snapshot, topologyOf(snapshot));
  const found = channels.find((one) => one.server === replica && one.channel === channel);
  if (found === undefined) return 'its channel is not seen';
  return found.source === source ? undefined : `its source is ${found.source ?? 'not known'}`;
}

function rulesOf(settings: AutomationConfig): EngineRules {
  const { pauseFile } = settings;
  return {
    runsPerHour: settings.runsPerHour,
    twoPerson: settings.twoPerson,
    windows: settings.windows,
    pauseFile,
    waitAtMost: settings.waitAtMostSeconds,
    cooldown: settings.cooldownSeconds,
    approval: settings.approvalSeconds,
    pauseFileExists: () => pauseFile !== undefined && existsSync(pauseFile),
  };
}

/** Reads over a way of its own: the few files of a rehearsal are no reason to keep one. */
function filesOn(config: HostConfig): FileReader {
  return async (path, signal) => {
    const host = openHost(hostSettingsOf(config));
    try {
      return await host.read(path, { signal });
    } finally {
      await host.close();
    }
  };
}

function programsOn(config: HostConfig): ProgramRunner {
  return async (argv, signal) => {
    const host = openHost(hostSettingsOf(config));
    try {
      return await host.run(argv, { signal });
    } finally {
      await host.close();
    }
  };
}

/** Under the configuration of now. */
function silencesOf(config: () => Config, log: Log) {
  const alertmanager = config().automation?.alertmanager;
  return alertmanagerSilences(alertmanager && alertmanagerSettingsOf(alertmanager), log);
}
