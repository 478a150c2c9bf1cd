import { automationAlerts } from './list/automation.js';
import { certificateAlerts } from './list/certificates.js';
import { exporterAlerts } from './list/exporter.js';
import { replicationAlerts } from './list/replication.js';
import { tlsAlerts } from './list/tls.js';
import { topologyAlerts } from './list/topology.js';
import type { Subject } from './listed.js';

/**
 * Every alert, by name, in the order in which they are written. Renaming one is a breaking change: routes, silences,
 * policies and runbooks name them.
 */
export const alertList = {
  ...replicationAlerts,
  ...topologyAlerts,
  ...tlsAlerts,
  ...certificateAlerts,
  ...exporterAlerts,
  ...automationAlerts,
} as const;

export type AlertName = keyof typeof alertList;
export const alertNames = Object.keys(alertList) as readonly AlertName[];

/** The names of one subject's alerts. */
export type AlertsOf<S extends Subject> = {
  [N in AlertName]: (typeof alertList)[N]['subject'] extends S ? N : never;
}[AlertName];
