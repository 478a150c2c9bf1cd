import { existsSync } from 'node:fs';
import { AnnouncerShelf } from './announcers.js';
import { systemClock } from './base/clock.js';
import { messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import { Redactor } from './base/redact.js';
import type { AutomationConfig } from './config/automation.js';
import type { Config } from './config/config.js';
import type { ServerSnapshot } from './domain/snapshot.js';
import { Drills } from './drills.js';
import { openEngine, type Engine } from './engine/engine.js';
import type { KnownCluster } from './engine/parameters.js';
import type { EngineRecord } from './engine/records.js';
import type { EngineRules } from './engine/shop.js';
import { engineClock } from './engine/timing.js';
import { eyes } from './eyes.js';
import { faultHook } from './faults.js';
import { hands } from './hands.js';
import { openFileJournal } from './journal/file-journal.js';
import type { Journal } from './journal/journal.js';
import { openReadOnly } from './journal/read-only.js';
import { keptBeside, lastSeenIn, memoryIn, type AutomationOptions, type Kept } from './kept.js';
import { alertmanagerSettingsOf } from './notify-settings.js';
import { alertmanagerSilences } from './notify/silences.js';
import { OutlookMemory } from './observe/outlook-memory.js';
import { PlaintextMemory } from './observe/plaintext-memory.js';
import { Vigil } from './observe/vigil.js';
import { procedures } from './procedures/index.js';
import { surveyor } from './surveyor.js';
import { TimedJournal } from './timed-journal.js';
import type { Verifications } from './verifications.js';

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
  const lastSeen = await lastSeenIn(settings, log);
  const kept = await keptBeside(settings, log);
  try {
    const timed = new TimedJournal(journal, (seconds) => running.appended(seconds));
    const shelf = new AnnouncerShelf();
    const outlook = new OutlookMemory(lastSeen);
    const parts = partsOf(options, { memory, shelf, outlook, ...kept });
    const engine = await engineOver(timed, settings, options, parts);
    const vigil = vigilOver(options);
    const drills = new Drills({ config, engine, log, clock: systemClock, ...parts });
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
        // Whoever holds the journal next reads what these write.
        await Promise.all([shelf.close(), memory.close(), lastSeen.close()]).finally(() => journal.close());
      },
    };
    return running;
  } catch (cause) {
    await Promise.all([memory.close(), lastSeen.close()]).finally(() => journal.close());
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
  return engineOver(journal, settings, options, partsOf(options, { memory, shelf: new AnnouncerShelf(), ...kept }));
}

/** Eyes and hands, and what takes every secret that the hands have read out of what is told. */
function partsOf(options: AutomationOptions, kept: Kept) {
  const redactor = new Redactor();
  return {
    observer: { ...eyes(options, kept), ...surveyor(options, redactor) },
    actors: hands(options, redactor, kept),
    redact: (text: string) => redactor.redact(text),
  };
}

function engineOver(
  journal: Journal<EngineRecord>,
  settings: AutomationConfig,
  { config, log }: AutomationOptions,
  parts: ReturnType<typeof partsOf>,
): Promise<Engine> {
  return openEngine({
    journal,
    procedures,
    ports: {
      ...parts,
      clock: engineClock,
      silences: { covers: (labels, signal) => silencesOf(config, log).covers(labels, signal) },
      fault: faultHook(log),
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

function vigilOver({ config, observer }: AutomationOptions): Vigil {
  const interval = () => config().observe.intervalSeconds * 1000;
  const wholeInterval = () => Math.max(interval(), config().observe.freshnessSeconds * 1000);
  return new Vigil({ observer, clock: systemClock, interval, wholeInterval });
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

/** Under the configuration of now. */
function silencesOf(config: () => Config, log: Log) {
  const alertmanager = config().automation?.alertmanager;
  return alertmanagerSilences(alertmanager && alertmanagerSettingsOf(alertmanager), log);
}
