import type { Address } from '../domain/snapshot.js';
import type { Target } from './ports.js';

/** One entry of Prometheus' http_sd format. */
export interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * One entry for each server, complete in itself: it leads Prometheus to /probe here with no relabelling.
 *
 * `instance` is set so that `up` differs by server, and `lockstep` so that it differs by Lockstep: two of them may stand
 * in one job of Prometheus. `cluster` and `server` are given as `__meta_lockstep_…` only,
 * for relabelling: the series carry these labels themselves, and as labels of the target they would clash with them.
 * @param here host and port under which Prometheus reached us
 */
export function targetGroups(targets: readonly Target[], here: string, tls: boolean): readonly TargetGroup[] {
  return targets.map(({ cluster, server, address }) => ({
    targets: [here],
    labels: {
      __metrics_path__: '/probe',
      __param_target: `${cluster}/${server}`,
      ...(tls ? { __scheme__: 'https' } : {}),
      __meta_lockstep_cluster: cluster,
      __meta_lockstep_server: server,
      __meta_lockstep_address: hostPort(address),
      instance: `${cluster}/${server}`,
      lockstep: here,
    },
  }));
}

/** The Host header where it is one, else the address that we listen on. */
export function reachedAs(host: string | undefined, listen: Address): string {
  return host !== undefined && /^[A-Za-z0-9._[\]:-]{1,260}$/.test(host) ? host : hostPort(listen);
}

function hostPort({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
