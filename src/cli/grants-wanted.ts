import type { ClusterConfig, Config } from '../config/config.js';
import type { Requirement } from '../dialects/grant-statements.js';
import { procedureNames, type ProcedureName } from '../domain/procedure-names.js';
import type { Wanted } from './grants-text.js';

/** @param procedures default those that policies name, or all */
export function wantedOf(
  config: Config | undefined,
  cluster: ClusterConfig | undefined,
  procedures: readonly ProcedureName[] | undefined,
): Wanted {
  const named = new Set(config?.automation?.policies.map(({ run }) => run));
  const enabled = procedures ?? procedureNames.filter((name) => named.size === 0 || named.has(name));
  const accounts = cluster?.accounts;
  const require = requirementOf(cluster);
  const { database, table, utc } = cluster?.heartbeat ?? {};
  return {
    monitor: { user: accounts?.monitor.user ?? 'lockstep_monitor', require },
    operate: { user: accounts?.operate?.user ?? 'lockstep_operate', require },
    replication: {
      user: accounts?.replication?.user ?? 'replication',
      require: accounts?.replication?.require ?? 'x509',
    },
    procedures: procedureNames.filter((name) => enabled.includes(name)),
    registered: cluster?.registeredReplicas ?? false,
    heartbeat:
      database === undefined || table === undefined ? undefined : { schema: database, table, utc: utc ?? false },
  };
}

/** What Lockstep's own connections can show. */
function requirementOf(cluster: ClusterConfig | undefined): Requirement {
  if (cluster?.tls.mode === 'disabled') return 'none';
  return cluster?.tls.certFile === undefined ? 'ssl' : 'x509';
}
