import type { Scene } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import { switchover } from '../switchover.js';
import { objectionsTo } from './checks.js';
import { objection, type Objection } from './checks/check.js';

/** What stands against a switchover to a server, as far as a look tells; none: it is possible. undefined of the primary. */
export function readinessOf(scene: Scene, to: ServerName): readonly Objection[] | undefined {
  const parameters = { cluster: scene.snapshot.cluster, to };
  const need = switchover.needed(scene, parameters);
  if (need.observed === 'no') return undefined;
  const found = objectionsTo(scene, parameters);
  if (found.length > 0 || need.observed === 'yes') return found;
  return [objection('server-unseen', need.why, 'Bring it back, or take it out of the configuration.')];
}
