import type { Path, YamlFile } from './document.js';
import { entriesAt, nearestRemedy, quoted, valueAt } from './explain.js';
import type { Fault } from './fault.js';

/** The `readers` of one announcer, as written, and what of its cluster they must agree with. */
export interface ReadersOf {
  readonly owner: YamlFile;
  /** Of the announcer. */
  readonly path: Path;
  readonly entry: unknown;
  /** Servers of the cluster; undefined where `defaults` may name those of several. */
  readonly servers: readonly string[] | undefined;
  /** What applications call the primary. */
  readonly names: readonly string[];
}

export function readerChecks(of: ReadersOf): readonly Fault[] {
  if (valueAt(of.entry, ['readers']) === undefined) return [];
  return [...strangers(of), ...twice(of), ...asPrimary(of)];
}

function strangers({ owner, path, entry, servers }: ReadersOf): readonly Fault[] {
  if (servers === undefined) return [];
  const list = valueAt(entry, ['readers', 'servers']);
  const given = [
    ...(Array.isArray(list) ? list.map((name: unknown, index) => [String(name), ['servers', index]] as const) : []),
    ...['names', 'keys'].flatMap((key) => entriesAt(entry, ['readers', key]).map(([name]) => [name, [key, name]] as const)), // prettier-ignore
  ];
  return given.flatMap(([name, at]) => {
    if (servers.includes(name)) return [];
    const remedy = nearestRemedy(name, servers, `Known here: ${servers.join(', ')}`);
    return [owner.fault([...path, 'readers', ...at], 'value', `${quoted(name)} is no server of this cluster`, remedy)];
  });
}

/** One name or key leads to one server. */
function twice({ owner, path, entry }: ReadersOf): readonly Fault[] {
  return ['names', 'keys'].flatMap((key) => {
    const owners = new Map<unknown, string>();
    return entriesAt(entry, ['readers', key]).flatMap(([server, word]) => {
      const first = owners.get(word);
      owners.set(word, first ?? server);
      if (first === undefined) return [];
      const message = `${quoted(String(word))} is what ${quoted(first)} is read by already`;
      return [owner.fault([...path, 'readers', key, server], 'value', message, 'Give each server one of its own')];
    });
  });
}

/** What is said of readers must not be what is said of the primary. */
function asPrimary({ owner, path, entry, names }: ReadersOf): readonly Fault[] {
  const own = valueAt(entry, ['names']);
  const primary = Array.isArray(own) ? own.map(String) : names;
  const same = (at: readonly string[], what: string) =>
    owner.fault([...path, 'readers', ...at], 'value', `${what} is what applications are told of the primary by`, 'Give readers another'); // prettier-ignore
  const equal = (key: string) => {
    const value = valueAt(entry, ['readers', key]);
    return typeof value === 'string' && value === valueAt(entry, [key]) ? [same([key], quoted(value))] : [];
  };
  return [
    ...['key', 'backend', 'state_file'].flatMap(equal),
    ...entriesAt(entry, ['readers', 'names']).filter(([, name]) => primary.includes(String(name))).map(([server, name]) => same(['names', server], quoted(String(name)))), // prettier-ignore
    ...entriesAt(entry, ['readers', 'keys']).filter(([, key]) => key === valueAt(entry, ['key'])).map(([server, key]) => same(['keys', server], quoted(String(key)))), // prettier-ignore
  ];
}
