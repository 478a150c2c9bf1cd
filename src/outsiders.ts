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
  const leaving = cluster.serverTls?.replaces;
  if (leaving === undefined) return undefined;
  return besides(config, cluster).find(
    ({ serverTls }) => serverTls === undefined || serverTls.authority === leaving || serverTls.replaces === leaving,
  )?.name;
}

/** Another cluster that Lockstep reaches by the same file of authorities, and that names the one that joins. */
export function relyingOf(config: Config, cluster: ClusterConfig): string | undefined {
  const joining = cluster.serverTls?.authority;
  if (joining === undefined) return undefined;
  return besides(config, cluster).find(
    ({ serverTls }) => serverTls?.authority === joining || serverTls?.replaces === joining,
  )?.name;
}

function besides({ clusters }: Config, { name, tls: { caFile } }: ClusterConfig): readonly ClusterConfig[] {
  return clusters.filter(
    (one) => caFile !== undefined && one.name !== name && one.tls.mode === 'required' && one.tls.caFile === caFile,
  );
}
