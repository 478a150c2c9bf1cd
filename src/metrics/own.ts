import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { type MetricName, metric } from './catalogue.js';
import type { Family } from './families.js';
import { familiesOf } from './registry.js';

export interface OwnOptions {
  /** The version of Lockstep. */
  readonly version: string;
  /**
   * How many looks were shared with one under way, since whatever observes began; a smaller number than before means
   * that it began anew, as after a reload.
   */
  readonly coalesced: () => number;
}

/** From a probe of a replica (about a millisecond) to a server that hangs until the deadline, in seconds. */
const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Lockstep's own metrics and those of its process: the metrics of scope `own`. */
export class OwnMetrics {
  readonly #registry = new Registry();
  readonly #successful = this.#gauge('lockstep_config_last_reload_successful');
  readonly #successAt = this.#gauge('lockstep_config_last_reload_success_timestamp_seconds');
  readonly #clusters = this.#gauge('lockstep_clusters_configured');
  readonly #servers = this.#gauge('lockstep_servers_configured');
  readonly #requests = new Counter({ ...this.#declared('lockstep_http_requests_total') });
  readonly #durations = new Histogram({
    ...this.#declared('lockstep_http_request_duration_seconds'),
    buckets: requestBuckets,
  });
  readonly #faults = new Counter({ ...this.#declared('lockstep_exposition_faults_total') });

  constructor({ version, coalesced }: OwnOptions) {
    collectDefaultMetrics({ register: this.#registry });
    this.#gauge('lockstep_build_info').set({ version, node_version: process.version }, 1);
    let before = 0;
    new Counter({
      ...this.#declared('lockstep_looks_coalesced_total'),
      collect() {
        const now = coalesced();
        this.inc(now < before ? now : now - before);
        before = now;
      },
    });
  }

  /** @param at when the configuration came into force, milliseconds since the Unix epoch */
  configurationInForce({ clusters, servers }: { clusters: number; servers: number }, at: number): void {
    this.#successful.set(1);
    this.#successAt.set(at / 1000);
    this.#clusters.set(clusters);
    this.#servers.set(servers);
  }

  /** A new configuration was wrong, and the one before it stays in force. */
  configurationRefused(): void {
    this.#successful.set(0);
  }

  /**
   * @param route the pattern of the route, never the path that was asked for
   * @param status the HTTP status
   */
  requestAnswered(route: string, status: number, seconds: number): void {
    this.#requests.inc({ route, status: String(status) });
    this.#durations.observe({ route }, seconds);
  }

  /** A series that the exposition refused. */
  expositionFault(): void {
    this.#faults.inc();
  }

  async families(): Promise<readonly Family[]> {
    return familiesOf(await this.#registry.getMetricsAsJSON());
  }

  #gauge(name: MetricName): Gauge {
    const gauge = new Gauge({ ...this.#declared(name) });
    // prom-client starts a gauge without labels at 0, and what was never set is unknown, not 0.
    gauge.remove({});
    return gauge;
  }

  #declared(name: MetricName) {
    const { help, labels } = metric(name);
    return { name, help, labelNames: [...labels], registers: [this.#registry] };
  }
}
