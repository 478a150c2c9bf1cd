import type { Problem } from '../domain/problems.js';
import type { Address, ClusterName, ServerName } from '../domain/snapshot.js';
import type { Role } from '../domain/topology.js';
import type { Automation } from '../engine/automation.js';
import type { ClusterView } from '../observe/cluster.js';
import type { Intake } from '../intake/intake.js';

/** What this room needs of the rest; `app.ts` hands it in. */
export interface HttpPorts {
  /** The names that `collect[]` may have. */
  readonly collectors: readonly string[];
  /** Every configured server, in the order of the configuration; the same list until that changes. Nothing else is ever probed. */
  targets(): readonly Target[];
  /** The exposition of one configured server. Should end with what is known when `signal` aborts. */
  probe(cluster: ClusterName, server: ServerName, request: ProbeRequest): Promise<string>;
  /** The exposition of the clusters and of Lockstep itself. */
  metrics(request: ScrapeRequest): Promise<string>;
  /**
   * The role that a configured server has now. Load balancers send writes where this says `primary`: a server that
   * could not be asked lately is `unknown`, whatever it was before.
   */
  roleOf(cluster: ClusterName, server: ServerName): Promise<Role>;
  /** What a configured cluster looks like now, or did lately. Should end with what is known when `signal` aborts. */
  cluster(cluster: ClusterName, signal: AbortSignal): Promise<ClusterReport>;
  /** What may act; undefined without a `journal` in the configuration. */
  automation(): Automation | undefined;
  ready(): Readiness;
  /** Told of every answer. @param route the pattern of the route, such as `/role/:cluster/:server`; `other` for none */
  answered(route: string, status: number, seconds: number): void;
  /** Takes the alerts of Alertmanager. undefined where nothing may act: then the webhook does not exist. */
  readonly alerts?: AlertsPort | undefined;
  /** Reads the configuration again. A wrong one leaves the old in force. */
  reload(): Promise<ReloadOutcome>;
}

export type AlertsPort = Pick<Intake, 'take' | 'turnedAway'>;

export interface Target {
  readonly cluster: ClusterName;
  readonly server: ServerName;
  readonly address: Address;
}

export interface ClusterReport {
  readonly view: ClusterView;
  readonly problems: readonly Problem[];
}

export interface ScrapeRequest {
  /** Aborts a little before the scraper gives up, or when it hangs up. */
  readonly signal: AbortSignal;
  /** OpenMetrics 1.0 was agreed on; else the text format 0.0.4. */
  readonly openMetrics: boolean;
}

export interface ProbeRequest extends ScrapeRequest {
  /** The collectors asked for, each once, all valid; undefined for all. */
  readonly collectors: readonly string[] | undefined;
}

export type Readiness = { readonly ready: true } | { readonly ready: false; readonly reason: string };

export type ReloadOutcome =
  | { readonly reloaded: true }
  | {
      readonly reloaded: false;
      /** `config-invalid`: its faults are listed. `reload-refused`: it is right, but cannot be taken while running. */
      readonly code: 'config-invalid' | 'reload-refused';
      readonly message: string;
      readonly remedy: string | undefined;
      readonly faults: readonly ReloadFault[];
    };

export interface ReloadFault {
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly path: string;
  readonly message: string;
  readonly remedy: string | undefined;
}
