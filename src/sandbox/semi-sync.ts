import { startReplica, stopReplica } from '../dialects/replication-statements.js';
import type { SandboxCluster } from './cluster.js';
import { untilReplicating } from './replication.js';
import type { Settings } from './settings.js';
import type { VersionRecipe } from './versions.js';

/** Commits wait so long for a replica, milliseconds: nothing but a replica ends the wait. */
const timeout = 100_000_000;

/**
 * Lines of my.cnf with which every server acknowledges as a replica, and would wait as a primary once it is told to: not
 * from its start, for then a replica's applier would wait for replicas of its own. MariaDB also takes back, at its first
 * start after a crash, what it wrote and no replica acknowledged.
 */
export function semiSyncSettings({ flavour }: VersionRecipe): Settings {
  return flavour === 'mariadb'
    ? {
        rpl_semi_sync_slave_enabled: 'ON',
        rpl_semi_sync_master_wait_point: 'AFTER_SYNC',
        rpl_semi_sync_master_timeout: timeout,
        init_rpl_role: 'SLAVE',
      }
    : {
        plugin_load_add: 'rpl_semi_sync_source=semisync_source.so;rpl_semi_sync_replica=semisync_replica.so',
        loose_rpl_semi_sync_replica_enabled: 'ON',
        loose_rpl_semi_sync_source_timeout: timeout,
      };
}

/** Prefix of the variables of a source: `rpl_semi_sync_source`. */
export function sourcePrefix({ flavour }: VersionRecipe): string {
  return flavour === 'mariadb' ? 'rpl_semi_sync_master' : 'rpl_semi_sync_source';
}

/** From now on the primary's commits are acknowledged only once a replica has them, whatever its file says. */
export async function waitForReplicas({ primary, replicas, version }: SandboxCluster): Promise<void> {
  const prefix = sourcePrefix(version);
  await primary.run([
    `SET GLOBAL ${prefix}_wait_point = 'AFTER_SYNC'`,
    `SET GLOBAL ${prefix}_timeout = ${timeout}`,
    `SET GLOBAL ${prefix}_enabled = ON`,
  ]);
  for (const replica of replicas) {
    // What a replica acknowledges is agreed on when it connects.
    await replica.run([stopReplica(replica.column, '', 'io'), startReplica(replica.column, '', 'io')]);
    await untilReplicating(replica);
  }
}
