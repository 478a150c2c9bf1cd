import { isIP } from 'node:net';
import { parseAddress } from './address.js';
import { announcerNames } from './announce-resolve.js';
import type { Path, YamlFile } from './document.js';
import { entriesAt, nearestRemedy, quoted, valueAt } from './explain.js';
import type { Fault } from './fault.js';
import { readerChecks, type ReadersOf } from './reader-checks.js';
import { defaultServerPort } from './schema.js';

/** What the `announce` of a cluster, or that of `defaults`, and its servers must agree on. */
export function announceChecks(main: YamlFile, file: YamlFile): readonly Fault[] {
  const faults = entriesAt(file.value, ['clusters']).flatMap(([name]) => {
    const own = valueAt(file.value, ['clusters', name, 'announce']);
    const [owner, path] = own === undefined ? [main, ['defaults', 'announce']] : [file, ['clusters', name, 'announce']];
    const given = valueAt(owner.value, path);
    const entries: readonly unknown[] = Array.isArray(given) ? given : [];
    const cluster = { name, path: ['clusters', name], file };
    return [
      ...(own === undefined ? [] : namesTwice(file, path, entries)),
      ...entries.flatMap((entry, index) => {
        const announcer = { owner, path: [...path, index], entry, shared: own === undefined };
        return [
          ...namesOfNothing(cluster, announcer),
          ...noAddress(cluster, announcer),
          ...strangers(cluster, announcer),
          ...readerChecks(readersOf(cluster, announcer)),
        ];
      }),
    ];
  });
  const shared = valueAt(file.value, ['defaults', 'announce']);
  return [...(Array.isArray(shared) ? namesTwice(file, ['defaults', 'announce'], shared) : []), ...faults];
}

interface Cluster {
  readonly name: string;
  readonly path: Path;
  readonly file: YamlFile;
}

interface Announcer {
  readonly owner: YamlFile;
  readonly path: Path;
  /** As written. */
  readonly entry: unknown;
  /** Whether it stands in `defaults`. */
  readonly shared: boolean;
}

function namesTwice(file: YamlFile, path: Path, entries: readonly unknown[]): readonly Fault[] {
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  const names = announcerNames(
    entries.map((entry) => ({ kind: text(valueAt(entry, ['kind'])) ?? '', name: text(valueAt(entry, ['name'])) })),
  );
  return names.flatMap(
    (name, index) =>
    name === '' || names.indexOf(name) === index
      ? []
      : [file.fault([...path, index], 'value', `another announcer here is already called ${quoted(name)}`, 'Give it a `name` of its own')], // prettier-ignore
  );
}

/** A hosts file needs names to find its line by. */
function namesOfNothing(cluster: Cluster, { owner, path, entry }: Announcer): readonly Fault[] {
  if (valueAt(entry, ['kind']) !== 'hosts-file' || valueAt(entry, ['names']) !== undefined) return [];
  const names = valueAt(cluster.file.value, [...cluster.path, 'names']);
  if (names !== undefined && !(Array.isArray(names) && names.length === 0)) return [];
  const message = `nothing says what applications call the primary of ${quoted(cluster.name)}`;
  return [owner.fault(path, 'value', message, 'Write `names: [masterdb]` in the cluster or for this announcer')];
}

/** In a hosts file stand IP addresses, each of one server. */
function noAddress(cluster: Cluster, { owner, path, entry }: Announcer): readonly Fault[] {
  if (valueAt(entry, ['kind']) !== 'hosts-file') return [];
  const owners = new Map<string, string>();
  return entriesAt(cluster.file.value, [...cluster.path, 'servers']).flatMap(([server, settings]) => {
    const given = valueAt(settings, ['address']);
    const address = typeof given === 'string' ? parseAddress(given, defaultServerPort) : undefined;
    const own = valueAt(entry, ['addresses', server]);
    const word = typeof own === 'string' ? own : address?.host;
    if (word === undefined) return [];
    if (isIP(word) === 0) {
      // What stands under `addresses` is checked by its form.
      if (own !== undefined) return [];
      const message = `the address of ${quoted(server)} in ${quoted(cluster.name)} is a name, and a hosts file takes IP addresses`;
      return [owner.fault(path, 'value', message, `Write \`addresses: { ${server}: … }\` for this announcer`)];
    }
    const other = owners.get(word.toLowerCase());
    owners.set(word.toLowerCase(), other ?? server);
    if (other === undefined) return [];
    const message = `${quoted(other)} and ${quoted(server)} of ${quoted(cluster.name)} have the same IP address, so a hosts file cannot tell which is meant`;
    return [owner.fault(path, 'value', message, 'Give each an IP address of its own, or use another announcer')];
  });
}

/** Servers that are none of the cluster; `defaults` may name those of several. */
function strangers(cluster: Cluster, { owner, path, entry, shared }: Announcer): readonly Fault[] {
  if (shared) return [];
  const servers = entriesAt(cluster.file.value, [...cluster.path, 'servers']).map(([name]) => name);
  return ['addresses', 'servers'].flatMap((key) =>
    entriesAt(entry, [key]).flatMap(([server]) => {
      if (servers.includes(server)) return [];
      const remedy = nearestRemedy(server, servers, `Known here: ${servers.join(', ')}`);
      return [owner.fault([...path, key, server], 'key', `${quoted(server)} is no server of this cluster`, remedy)];
    }),
  );
}

function readersOf(cluster: Cluster, { owner, path, entry, shared }: Announcer): ReadersOf {
  const names = valueAt(cluster.file.value, [...cluster.path, 'names']);
  const servers = entriesAt(cluster.file.value, [...cluster.path, 'servers']).map(([name]) => name);
  return {
    owner,
    path,
    entry,
    servers: shared ? undefined : servers,
    names: Array.isArray(names) ? names.map(String) : [],
  };
}
