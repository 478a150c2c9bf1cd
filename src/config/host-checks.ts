import type { Path, YamlFile } from './document.js';
import { entriesAt, quoted, valueAt } from './explain.js';
import type { Fault } from './fault.js';
import { keysOfKind, placeholders, placeholdersIn } from './host-schema.js';

/** What the `hosts` of a cluster and those of its servers must agree on. */
export function hostChecks(main: YamlFile, file: YamlFile): readonly Fault[] {
  return entriesAt(file.value, ['clusters']).flatMap(([cluster]) => {
    const hosts = valueAt(file.value, ['clusters', cluster, 'hosts']) ?? valueAt(main.value, ['defaults', 'hosts']);
    const servers = entriesAt(file.value, ['clusters', cluster, 'servers']).map(([server]): Server => {
      const path = ['clusters', cluster, 'servers', server];
      return { path, name: server, hosts: valueAt(file.value, [...path, 'hosts']) };
    });
    return servers.flatMap((server) => [
      ...foreignKeys(file, server, hosts),
      ...noHostKey(file, server, hosts),
      ...sameCommand(file, server, hosts, servers.length),
    ]);
  });
}

interface Server {
  readonly path: Path;
  readonly name: string;
  /** As written. */
  readonly hosts: unknown;
}

function foreignKeys(file: YamlFile, server: Server, hosts: unknown): readonly Fault[] {
  if (server.hosts === undefined) return [];
  const path = [...server.path, 'hosts'];
  if (hosts === undefined) {
    const message = `nothing says how the hosts of this cluster are reached`;
    return [file.fault(path, 'key', message, 'Write `hosts: { kind: … }` in the cluster or under `defaults`')];
  }
  const kind = valueAt(hosts, ['kind']);
  return Object.entries(keysOfKind).flatMap(([owner, keys]) =>
    owner === kind || !(String(kind) in keysOfKind)
      ? []
      : keys
          .filter((key) => valueAt(server.hosts, [key]) !== undefined)
          .map((key) =>
            file.fault([...path, key], 'key', `"${key}" belongs to hosts of kind ${owner}; these are ${quoted(kind)}`),
          ),
  );
}

function noHostKey(file: YamlFile, server: Server, hosts: unknown): readonly Fault[] {
  if (valueAt(hosts, ['kind']) !== 'ssh') return [];
  const given = [
    valueAt(hosts, ['known_hosts_file']),
    valueAt(hosts, ['host_key']),
    valueAt(server.hosts, ['host_key']),
  ];
  if (given.some((one) => one !== undefined && !(Array.isArray(one) && one.length === 0))) return [];
  const remedy = 'Write `known_hosts_file` under its `hosts`, or `host_key: SHA256:…`';
  return [file.fault(server.path, 'key', `nothing says which host key the host of ${quoted(server.name)} has`, remedy)];
}

/** A command that names one machine, for servers on several: what is meant for one would be done to another. */
function sameCommand(file: YamlFile, server: Server, hosts: unknown, servers: number): readonly Fault[] {
  const command = valueAt(hosts, ['command']);
  if (servers < 2 || valueAt(hosts, ['kind']) !== 'command' || valueAt(server.hosts, ['command']) !== undefined)
    return [];
  if (!Array.isArray(command) || placeholdersIn(command.map(String)).length > 0) return [];
  return [
    file.fault(
      server.path,
      'key',
      `the command of its \`hosts\` does not tell ${quoted(server.name)} from the other servers`,
      `Put ${placeholders.join(' or ')} into it, or write \`hosts: { command: … }\` for this server`,
    ),
  ];
}
