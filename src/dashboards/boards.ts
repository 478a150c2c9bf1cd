import { automation } from './automation.js';
import type { Board } from './board.js';
import { cluster } from './cluster.js';
import { fleet } from './fleet.js';
import { tls } from './tls.js';

/** The file of each board within `dashboards/`, and what builds it. */
const boards: Readonly<Record<string, () => Board>> = {
  'fleet.json': fleet,
  'cluster.json': cluster,
  'tls.json': tls,
  'automation.json': automation,
};

/** What the files in `dashboards/` are to hold, by their names. Building has no other input: the same code, the same text. */
export function boardFiles(): ReadonlyMap<string, string> {
  return new Map(Object.entries(boards).map(([name, build]) => [name, `${JSON.stringify(build(), undefined, 2)}\n`]));
}
