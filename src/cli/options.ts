import { Option } from 'commander';
import { LockstepError } from '../base/errors.js';
import type { ClusterConfig, Config } from '../config/config.js';

/** `--config FILE`, the same for every command. */
export function configOption(): Option {
  return new Option('-c, --config <file>', 'the configuration').default('lockstep.yml').env('LOCKSTEP_CONFIG');
}

/** The clusters that were named, or all. @throws LockstepError `unknown-cluster` */
export function clustersNamed(config: Config, names: readonly string[]): readonly ClusterConfig[] {
  if (names.length === 0) return config.clusters;
  return names.map((name) => {
    const found = config.clusters.find((cluster) => cluster.name === name);
    if (found !== undefined) return found;
    const known = config.clusters.map((cluster) => cluster.name).join(', ');
    throw new LockstepError(
      'unknown-cluster',
      `there is no cluster "${name}" in ${config.file}`,
      `It names: ${known}.`,
    );
  });
}
