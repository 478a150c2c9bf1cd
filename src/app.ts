import { systemClock } from './base/clock.js';
import { LockstepError, messageOf } from './base/errors.js';
import type { Log } from './base/log.js';
import type { Config } from './config/config.js';
import { ConfigError } from './config/fault.js';
import { loadConfig } from './config/load.js';
import { collectorNames, type CollectorName } from './domain/snapshot.js';
import { Exporter } from './exporter.js';
import { createHttp } from './http/http.js';
import type { HttpPorts, ReloadOutcome } from './http/ports.js';
import { httpSettingsOf } from './http-settings.js';
import { OwnMetrics } from './metrics/own.js';
import { version } from './version.js';
import { observerOf } from './watched.js';

export interface App {
  /** Listens. Resolves with the address to open. */
  start(): Promise<string>;
  /** Reads the configuration file again; a wrong one leaves the old in force. */
  reload(): Promise<ReloadOutcome>;
  /** Lets running requests end, then closes every session. Harmless twice. */
  stop(reason: string): Promise<void>;
}

/** Where everything is put together. */
export function createApp(first: Config, log: Log): App {
  let exporter = exporterOf(first);
  const own: OwnMetrics = new OwnMetrics({ version, coalesced: () => exporter.observer.shared });
  inForce(first);
  const http = createHttp(ports(), httpSettingsOf(first), log);
  let reloading: Promise<ReloadOutcome> | undefined;
  let started = false;
  let stopping: Promise<void> | undefined;

  function exporterOf(config: Config, before?: Exporter): Exporter {
    return new Exporter(config, observerOf(config, { clock: systemClock, log }, before?.observer), (fault) => {
      own.expositionFault();
      log.error({ fault }, 'a series was left out of the exposition');
    });
  }

  function inForce(config: Config): void {
    const servers = config.clusters.reduce((sum, cluster) => sum + cluster.servers.length, 0);
    own.configurationInForce({ clusters: config.clusters.length, servers }, systemClock.now());
  }

  async function reload(): Promise<ReloadOutcome> {
    try {
      const config = await loadConfig(first.file);
      http.reconfigure(httpSettingsOf(config));
      const before = exporter;
      exporter = exporterOf(config, before);
      inForce(config);
      log.info({ files: config.files }, 'the configuration was read again and is in force');
      await before.observer.close();
      return { reloaded: true };
    } catch (error) {
      own.configurationRefused();
      log.error({ error: messageOf(error) }, 'the configuration was not taken; the one before stays in force');
      return refusal(error);
    }
  }

  function ports(): HttpPorts {
    return {
      collectors: collectorNames,
      targets: () => exporter.targets,
      probe: (cluster, server, { collectors, signal, openMetrics }) =>
        exporter.probe(cluster, server, {
          signal,
          format: openMetrics ? 'openmetrics' : 'text',
          collectors: collectors && known(collectors),
        }),
      metrics: ({ signal, openMetrics }) =>
        exporter.metrics([own], { signal, format: openMetrics ? 'openmetrics' : 'text' }),
      roleOf: (cluster, server) => exporter.roleOf(cluster, server),
      answered: (route, status, seconds) => own.requestAnswered(route, status, seconds),
      cluster: (cluster, signal) => exporter.report(cluster, signal),
      automation: () => undefined,
      ready: () =>
        started && stopping === undefined
          ? { ready: true }
          : { ready: false, reason: started ? 'stopping' : 'starting' },
      reload: () => (reloading ??= reload().finally(() => (reloading = undefined))),
    };
  }

  return {
    async start() {
      const url = await http.start();
      started = true;
      log.info({ url, version, configuration: first.file }, 'listening');
      return url;
    },
    reload: () => (reloading ??= reload().finally(() => (reloading = undefined))),
    stop(reason) {
      stopping ??= (async () => {
        log.info({ reason }, 'stopping');
        await http.stop();
        await exporter.observer.close();
      })();
      return stopping;
    },
  };
}

/** The names were checked where they came in. */
function known(names: readonly string[]): ReadonlySet<CollectorName> {
  return new Set(collectorNames.filter((name) => names.includes(name)));
}

function refusal(error: unknown): ReloadOutcome {
  const remedy = error instanceof LockstepError ? error.remedy : undefined;
  const faults = error instanceof ConfigError ? error.faults : [];
  const code = error instanceof ConfigError ? 'config-invalid' : 'reload-refused';
  return { reloaded: false, code, message: messageOf(error), remedy, faults };
}
