import { AutomationService } from './automation-service.js';
import { systemClock } from './base/clock.js';
import { LockstepError, messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import type { Config } from './config/config.js';
import { ConfigError } from './config/fault.js';
import { collectorNames, type CollectorName, type ServerSnapshot } from './domain/snapshot.js';
import { Exporter } from './exporter.js';
import { controlSocket } from './http/control-socket.js';
import { createControl, type Control } from './http/control.js';
import { createHttp } from './http/http.js';
import type { HttpPorts, ReloadOutcome } from './http/ports.js';
import { httpSettingsOf } from './http-settings.js';
import { loadWhole } from './load-whole.js';
import { OwnMetrics } from './metrics/own.js';
import { version } from './version.js';
import { observerOf } from './watched.js';

export interface App {
  /**
   * Opens the journal, where there is one, and listens. Resolves with the address to open.
   * @throws LockstepError `journal-held` when another instance works with this journal
   */
  start(): Promise<string>;
  /** Reads the configuration file again; a wrong one leaves the old in force. */
  reload(): Promise<ReloadOutcome>;
  /** Lets running requests and steps end, then closes every session. Harmless twice. */
  stop(reason: string): Promise<void>;
}

/** Where everything is put together. */
export function createApp(first: Config, log: Log): App {
  return new Composed(first, log);
}

class Composed implements App {
  #config: Config;
  #exporter: Exporter;
  readonly #own: OwnMetrics;
  readonly #http;
  #automation: AutomationService | undefined;
  #control: Control | undefined;
  #reloading: Promise<ReloadOutcome> | undefined;
  #started = false;
  #stopping: Promise<void> | undefined;

  constructor(
    readonly first: Config,
    readonly log: Log,
  ) {
    this.#config = first;
    this.#exporter = this.#exporterOf(first);
    this.#own = new OwnMetrics({ version, coalesced: () => this.#exporter.observer.shared });
    this.#inForce(first);
    this.#http = createHttp(this.#ports(), httpSettingsOf(first), log);
  }

  async start(): Promise<string> {
    await this.#startAutomation();
    try {
      const url = await this.#http.start();
      this.#started = true;
      this.log.info({ url, version, configuration: this.first.file }, 'listening');
      this.#automation?.start();
      return url;
    } catch (cause) {
      await this.#control?.stop();
      await this.#automation?.stop();
      throw cause;
    }
  }

  reload(): Promise<ReloadOutcome> {
    return (this.#reloading ??= this.#reload().finally(() => (this.#reloading = undefined)));
  }

  stop(reason: string): Promise<void> {
    return (this.#stopping ??= (async () => {
      this.log.info({ reason }, 'stopping');
      // Whoever watches a run hears how it ends.
      await this.#automation?.halt();
      await this.#http.stop();
      await this.#control?.stop();
      await this.#automation?.stop();
      await this.#exporter.observer.close();
    })());
  }

  async #startAutomation(): Promise<void> {
    const { log } = this;
    const automation = await AutomationService.open({
      config: () => this.#config,
      observer: () => this.#exporter.observer,
      log,
    });
    if (automation === undefined) return;
    this.#automation = automation;
    this.#control = createControl(
      this.#ports(),
      () => httpSettingsOf(this.#config),
      controlSocket(automation.journalDirectory),
      log,
    );
    await this.#control.start();
  }

  async #reload(): Promise<ReloadOutcome> {
    const { log } = this;
    try {
      const config = await loadWhole(this.first.file);
      refuseWhatRuns(config, this.#automation);
      this.#http.reconfigure(httpSettingsOf(config));
      const before = this.#exporter;
      this.#config = config;
      this.#exporter = this.#exporterOf(config, before);
      this.#inForce(config);
      log.info({ files: config.files }, 'the configuration was read again and is in force');
      await Promise.all([before.observer.close(), this.#automation?.reconfigured()]);
      return { reloaded: true };
    } catch (error) {
      this.#own.configurationRefused();
      log.error({ error: messageOf(error) }, 'the configuration was not taken; the one before stays in force');
      return refusal(error);
    }
  }

  #exporterOf(config: Config, before?: Exporter): Exporter {
    const { log } = this;
    const seen = (snapshot: ServerSnapshot) => this.#automation?.seen(snapshot);
    const looked = (snapshot: ServerSnapshot) => this.#automation?.looked(snapshot);
    const told = { clock: systemClock, log, seen, looked };
    const refused = (fault: string) => {
      this.#own.expositionFault();
      log.error({ fault }, 'a series was left out of the exposition');
    };
    const announced = (cluster: string) => this.#automation?.announcementProblems(cluster);
    return new Exporter(config, observerOf(config, told, before?.observer), refused, systemClock, announced);
  }

  #inForce(config: Config): void {
    const servers = config.clusters.reduce((sum, cluster) => sum + cluster.servers.length, 0);
    this.#own.configurationInForce({ clusters: config.clusters.length, servers }, systemClock.now());
  }

  #ports(): HttpPorts {
    const intake = () => this.#automation?.intake;
    return {
      get alerts() {
        return intake();
      },
      collectors: collectorNames,
      targets: () => this.#exporter.targets,
      probe: (cluster, server, { collectors, signal, openMetrics }) =>
        this.#exporter.probe(cluster, server, {
          signal,
          format: openMetrics ? 'openmetrics' : 'text',
          collectors: collectors && known(collectors),
        }),
      metrics: ({ signal, openMetrics }) =>
        this.#exporter.metrics([this.#own, ...(this.#automation === undefined ? [] : [this.#automation.metrics])], {
          signal,
          format: openMetrics ? 'openmetrics' : 'text',
        }),
      roleOf: (cluster, server) => this.#exporter.roleOf(cluster, server),
      answered: (route, status, seconds) => this.#own.requestAnswered(route, status, seconds),
      cluster: (cluster, signal) => this.#exporter.report(cluster, signal),
      automation: () => this.#automation?.engine,
      ready: () =>
        this.#started && this.#stopping === undefined
          ? { ready: true }
          : { ready: false, reason: this.#started ? 'stopping' : 'starting' },
      reload: () => this.reload(),
    };
  }
}

/** The names were checked where they came in. */
function known(names: readonly string[]): ReadonlySet<CollectorName> {
  return new Set(collectorNames.filter((name) => names.includes(name)));
}

/** A run may not lose its cluster, nor the engine its journal. @throws LockstepError `reload-refused` */
function refuseWhatRuns(config: Config, automation: AutomationService | undefined): void {
  const directory = config.automation?.journal.directory;
  if (directory !== automation?.journalDirectory)
    throw new LockstepError(
      'reload-refused',
      'journal.directory changed, which a running Lockstep cannot take',
      'Restart Lockstep to take it, or change it back and reload.',
    );
  const open = automation?.engine.runs({ open: true }) ?? [];
  const homeless = open.find(({ parameters }) => !config.clusters.some(({ name }) => name === parameters.cluster));
  if (homeless === undefined) return;
  throw new LockstepError(
    'reload-refused',
    `cluster "${homeless.parameters.cluster}" is gone from the configuration, and run ${homeless.id} is open there`,
    `Let it end, or lockstep runs abort ${homeless.id}.`,
  );
}

function refusal(error: unknown): ReloadOutcome {
  const remedy = error instanceof LockstepError ? error.remedy : undefined;
  const faults = error instanceof ConfigError ? error.faults : [];
  const code = error instanceof ConfigError ? 'config-invalid' : 'reload-refused';
  return { reloaded: false, code, message: messageOf(error), remedy, faults };
}
