import type { HttpPorts, Target } from './ports.js';
import { Problem, quoted } from './problem.js';

/** What a query to /probe asks for. */
export interface ProbeQuery {
  readonly target: Target;
  /** undefined: all. */
  readonly collectors: readonly string[] | undefined;
}

/** @throws Problem `target-missing`, `target-unknown`, `collector-unknown` */
export function probeQuery(query: URLSearchParams, ports: Pick<HttpPorts, 'targets' | 'collectors'>): ProbeQuery {
  const [given, ...more] = query.getAll('target');
  if (given === undefined || given === '') throw new Problem('target-missing', 'the request names no target');
  if (more.length > 0) throw new Problem('target-missing', `the request names ${more.length + 1} targets`);
  const target = findTarget(given, ports);
  const names = [...new Set(query.getAll('collect[]'))];
  const unknown = names.filter((name) => !ports.collectors.includes(name));
  if (unknown.length > 0)
    throw new Problem(
      'collector-unknown',
      `collect[] names ${unknown.slice(0, 5).map(quoted).join(', ')}; there are ${ports.collectors.join(', ')}`,
      { members: { collectors: ports.collectors } },
    );
  return { target, collectors: names.length > 0 ? names : undefined };
}

/** @throws Problem `target-unknown`: whatever the text says, only servers of the configuration are ever connected to */
export function findTarget(given: string, ports: Pick<HttpPorts, 'targets'>): Target {
  const target = indexOf(ports.targets()).get(given);
  if (target !== undefined) return target;
  throw new Problem(
    'target-unknown',
    `${quoted(given)} is no target: only servers that the configuration names as CLUSTER/SERVER are probed`,
  );
}

/** The same list is handed in until the configuration changes: a fleet is not searched through at every probe. */
function indexOf(targets: readonly Target[]): ReadonlyMap<string, Target> {
  let index = indexes.get(targets);
  if (index === undefined) {
    index = new Map(targets.map((target) => [`${target.cluster}/${target.server}`, target]));
    indexes.set(targets, index);
  }
  return index;
}

const indexes = new WeakMap<readonly Target[], ReadonlyMap<string, Target>>();
