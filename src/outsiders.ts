import path from 'node:path';
import type { ClusterConfig, Config } from './config/config.js';
import type { HostConfig } from './config/host-config.js';
import { lockstepItself } from './domain/rotation.js';

/** Where somebody who checks the servers' certificates, and is no server, keeps whom to trust and what to present. */
export interface OutsiderFiles {
  readonly name: string;
  readonly caFile: string | undefined;
  /** Of an application. */
  readonly certFile: string | undefined;
  readonly host: HostConfig;
}

/** Lockstep itself, unless it connects without TLS, then every application that the configuration names. */
export function outsidersOf({ tls, serverTls }: ClusterConfig): readonly OutsiderFiles[] {
  const { caFile } = tls;
  const paths = caFile === undefined ? [] : [path.dirname(caFile)];
  const host = { kind: 'local', sudo: false, paths, programs: [], services: {} } as const;
  return [
    ...(tls.mode === 'disabled' ? [] : [{ name: lockstepItself, caFile, certFile: undefined, host }]),
    ...(serverTls?.applications ?? []),
  ];
}

/** Another cluster that Lockstep reaches by the same file of authorities, while it does not yet do without the one that gives way. */
export function sharingOf(config: Config, cluster: ClusterConfig): string | undefined {
  const { caFile } = cluster.tls;
  const leaving = cluster.serverTls?.replaces;
  if (caFile === undefined || leaving === undefined) return undefined;
  return config.clusters.find(
    ({ name, tls, serverTls }) =>
      name !== cluster.name &&
      tls.mode === 'required' &&
      tls.caFile === caFile &&
      (serverTls === undefined || serverTls.authority === leaving || serverTls.replaces === leaving),
  )?.name;
}
