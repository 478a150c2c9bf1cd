import type { YamlFile } from './document.js';
import { entriesAt, nearestRemedy, quoted, valueAt } from './explain.js';
import type { Fault } from './fault.js';

/** What the `failover` of a cluster, or that of `defaults`, and its servers must agree on. */
export function failoverChecks(main: YamlFile, file: YamlFile): readonly Fault[] {
  return entriesAt(file.value, ['clusters']).flatMap(([cluster]) => {
    const own = ['clusters', cluster, 'failover'];
    const given = valueAt(file.value, own);
    const [owner, path] = given === undefined ? [main, ['defaults', 'failover']] : [file, own];
    const servers = entriesAt(file.value, ['clusters', cluster, 'servers']).map(([name]) => name);
    const hosts = valueAt(file.value, ['clusters', cluster, 'hosts']) ?? valueAt(main.value, ['defaults', 'hosts']);
    const runs = ['fence', 'tail'].find((key) => valueAt(owner.value, [...path, key]) !== undefined);
    return [
      // What `defaults` name is of any cluster.
      ...(given === undefined ? [] : ['never', 'prefer'].flatMap((key) => strangers(file, [...own, key], servers))),
      ...(runs === undefined || hosts !== undefined
        ? []
        : [owner.fault([...path, runs], 'key', `nothing says how the hosts of ${quoted(cluster)} are reached, to run that there`, 'Write `hosts: { kind: … }` in the cluster or under `defaults`')]), // prettier-ignore
    ];
  });
}

function strangers(file: YamlFile, path: readonly string[], servers: readonly string[]): readonly Fault[] {
  const given = valueAt(file.value, path);
  if (!Array.isArray(given)) return [];
  return given.flatMap((name: unknown, index) => {
    if (typeof name !== 'string' || servers.includes(name)) return [];
    const remedy = nearestRemedy(name, servers, `It has ${servers.join(', ')}`);
    return [file.fault([...path, index], 'value', `the cluster has no server ${quoted(name)}`, remedy)];
  });
}
