import type { Scene } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import { viewOf } from '../view.js';

/** Why a replica should be built anew, one sentence; undefined: nothing that is known asks for it. */
export function trouble(scene: Scene, name: ServerName): string | undefined {
  const view = viewOf(scene);
  const channels = view.server(name)?.facts?.channels;
  if (channels === undefined) return undefined;
  const [channel] = channels;
  if (channel === undefined) return `${name} replicates from nobody`;
  const differing = scene.verified?.find(({ server }) => server === name)?.differingTables ?? 0;
  if (differing > 0) return `${name} differs from its source in ${differing} table${differing === 1 ? '' : 's'}, as verify-replica found`; // prettier-ignore
  if (view.channelRelation(name, channel.name)?.sourceLogAvailable === false)
    return `the source of ${name} no longer has the binary log that it must read next`;
  for (const [thread, state, error] of [
    ['IO', channel.io, channel.ioError],
    ['SQL', channel.sql, channel.sqlError],
  ] as const)
    if (state === 'stopped' && error !== undefined && error.errno !== 0)
      return `the ${thread} thread of ${name} stopped with error ${error.errno}`;
  const errant = view.serverRelation(name)?.errantTransactions ?? 0;
  return errant > 0 ? `${name} has ${errant} transactions that its source never had` : undefined;
}
