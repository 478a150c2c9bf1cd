import type { ClusterConfig } from '../config/config.js';
import type { ClusterSnapshot, ServerName } from '../domain/snapshot.js';
import { readinessOf } from '../procedures/switchover/readiness.js';
import type { Objection } from '../procedures/switchover/checks/check.js';
import { siteOf } from '../site.js';
import type { Colours } from './colours.js';

/** Whether a server could become the primary now, as far as one look tells: no login is rehearsed. */
export interface Switchover {
  readonly server: ServerName;
  /** None: it is ready. */
  readonly objections: readonly Objection[];
}

/** One for each server but the primary; undefined where Lockstep has no account to change anything. */
export function switchoversOf(cluster: ClusterConfig, snapshot: ClusterSnapshot): readonly Switchover[] | undefined {
  if (cluster.accounts.operate === undefined) return undefined;
  const scene = { snapshot, site: siteOf(cluster) };
  return snapshot.servers.flatMap(({ name: server }) => {
    const objections = readinessOf(scene, server);
    return objections === undefined ? [] : [{ server, objections }];
  });
}

/** @param whole with a sentence for each reason, and what to do about it; what stands against several is said once */
export function switchoverLines(
  switchovers: readonly Switchover[],
  colours: Colours,
  { whole }: { readonly whole: boolean },
): readonly string[] {
  const groups = new Map<string, Switchover[]>();
  for (const one of switchovers) {
    const key = JSON.stringify(one.objections);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups.values()].flatMap((group) => {
    const servers = group.map(({ server }) => server).join(' and ');
    const objections = group[0]?.objections ?? [];
    if (objections.length === 0) return [`  ${colours.green('✔')} ready for a switchover: ${servers}`];
    const reasons = [...new Set(objections.map(({ reason }) => reason))].join(', ');
    return [
      `  ${colours.yellow('▲')} not ready for a switchover: ${servers}${whole ? '' : ` (${reasons})`}`,
      ...(whole ? objections.map(({ reason, why, remedy }) => `      ${reason}: ${why}. ${colours.dim(remedy)}`) : []),
    ];
  });
}
