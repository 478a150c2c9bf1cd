import path from 'node:path';
import { opensslProgram } from '../domain/certificate-action.js';
import type { YamlFile } from './document.js';
import { entriesAt, nearestRemedy, quoted, valueAt } from './explain.js';
import type { Fault } from './fault.js';
import { safeName, safeNameWords } from './vocabulary.js';

/** What `authorities` must keep to beyond their form. They stand in the main file alone. */
export function authorityChecks(main: YamlFile): readonly Fault[] {
  const owners = new Map<string, string>();
  return entriesAt(main.value, ['authorities']).flatMap(([name, entry]) => {
    const at = ['authorities', name];
    const message = `${quoted(name)} is no name for an authority: expected ${safeNameWords}`;
    const unsafe = safeName.test(name) ? [] : [main.fault(at, 'key', message)];
    const given = valueAt(entry, ['directory']);
    if (typeof given !== 'string' || given === '') return unsafe;
    const directory = path.resolve(path.dirname(main.file), given);
    const owner = owners.get(directory);
    owners.set(directory, owner ?? name);
    if (owner === undefined) return unsafe;
    const taken = `given ${quoted(given)}, which is already the directory of ${quoted(owner)}`;
    return [...unsafe, main.fault([...at, 'directory'], 'value', taken, 'Give each authority its own directory')];
  });
}

/** What `server_tls` of a cluster and of its servers, `authorities` and `hosts` must agree on. */
export function serverTlsChecks(main: YamlFile, file: YamlFile): readonly Fault[] {
  return [
    ...(file === main ? unknownAuthorities(main, main, ['defaults', 'server_tls']) : []),
    ...entriesAt(file.value, ['clusters']).flatMap(([cluster]) => [
      ...unknownAuthorities(main, file, ['clusters', cluster, 'server_tls']),
      ...ofServers(main, file, cluster),
    ]),
  ];
}

function unknownAuthorities(main: YamlFile, file: YamlFile, at: readonly string[]): readonly Fault[] {
  return ['authority', 'replaces'].flatMap((key) => unknownAuthority(main, file, [...at, key]));
}

function unknownAuthority(main: YamlFile, file: YamlFile, at: readonly string[]): readonly Fault[] {
  const given = valueAt(file.value, at);
  const known = entriesAt(main.value, ['authorities']).map(([name]) => name);
  if (main.value === undefined || typeof given !== 'string' || given === '' || known.includes(given)) return [];
  const otherwise =
    known.length === 0
      ? 'Write `authorities: { NAME: { directory: … } }` into the main file, and make it with: lockstep pki init --authority NAME'
      : `There are: ${known.join(', ')}`;
  const remedy = nearestRemedy(given, known, otherwise);
  return [file.fault(at, 'value', `given ${quoted(given)}, which is none of the authorities`, remedy)];
}

function ofServers(main: YamlFile, file: YamlFile, cluster: string): readonly Fault[] {
  const shared = (key: string) =>
    valueAt(file.value, ['clusters', cluster, key]) ?? valueAt(main.value, ['defaults', key]);
  const [tls, hosts] = [shared('server_tls'), shared('hosts')];
  const owners = new Map<string, string>();
  return entriesAt(file.value, ['clusters', cluster, 'servers']).flatMap(([server, entry]) => {
    const at = ['clusters', cluster, 'servers', server];
    const own = valueAt(entry, ['server_tls']);
    if (tls === undefined) {
      if (own === undefined) return [];
      const message = 'nothing says from which authority the servers of this cluster get their certificates';
      const remedy = 'Write `server_tls: { authority: …, directory: … }` in the cluster or under `defaults`';
      return [file.fault([...at, 'server_tls'], 'key', message, remedy)];
    }
    const directory = valueAt(own, ['directory']) ?? valueAt(tls, ['directory']);
    if (typeof directory !== 'string' || hosts === undefined) return [];
    const paths = valueAt(entry, ['hosts', 'paths']) ?? valueAt(hosts, ['paths']) ?? [];
    const remedy = 'Add it there: on a host Lockstep touches nothing else than its `paths`';
    const outside: Fault[] =
      Array.isArray(paths) && !paths.some((one) => typeof one === 'string' && lies(directory, one))
        ? [
            file.fault(
              at,
              'key',
              `the certificate of ${quoted(server)} belongs in ${quoted(directory)}, which is in none of the \`paths\` of its host`,
              remedy,
            ),
          ]
        : [];
    outside.push(...keyFaults(file, at, { tls, entry, hosts }));
    outside.push(...optionFileFaults(file, at, { tls, own, entry, hosts }));
    // On one machine two servers in one directory would overwrite each other's key.
    const owner = valueAt(hosts, ['kind']) === 'local' ? owners.get(bare(directory)) : undefined;
    owners.set(bare(directory), owner ?? server);
    if (owner === undefined) return outside;
    const message = `the certificate of ${quoted(server)} would go into ${quoted(directory)}, where that of ${quoted(owner)} is`;
    return [
      ...outside,
      file.fault(at, 'key', message, 'Give each its own: `servers: { NAME: { server_tls: { directory: … } } }`'),
    ];
  });
}

/** Keys that are made on a host are made by its openssl. */
function keyFaults(
  file: YamlFile,
  at: readonly string[],
  { tls, entry, hosts }: Readonly<Record<'tls' | 'entry' | 'hosts', unknown>>,
): readonly Fault[] {
  if (valueAt(tls, ['keys']) !== 'host') return [];
  const programs = valueAt(entry, ['hosts', 'programs']) ?? valueAt(hosts, ['programs']) ?? [];
  if (Array.isArray(programs) && programs.includes(opensslProgram)) return [];
  return [file.fault(at, 'key', `keys are made on its host, and ${opensslProgram} is none of its \`programs\``, 'Add it there')]; // prettier-ignore
}

/** Both keys or neither, and both allowed on the host. */
function optionFileFaults(
  file: YamlFile,
  at: readonly string[],
  { tls, own, entry, hosts }: Readonly<Record<'tls' | 'own' | 'entry' | 'hosts', unknown>>,
): readonly Fault[] {
  const given = (key: string) => valueAt(own, [key]) ?? valueAt(tls, [key]);
  const [directory, command] = [given('include_directory'), given('server_command')];
  if (directory === undefined && command === undefined) return [];
  if (directory === undefined || command === undefined) {
    const message = `${directory === undefined ? 'server_command' : 'include_directory'} stands without ${directory === undefined ? 'include_directory' : 'server_command'}`;
    return [file.fault(at, 'key', message, 'TLS is turned on by both: a file that the server reads, once its program has checked it')]; // prettier-ignore
  }
  const allowed = (key: string) => {
    const listed = valueAt(entry, ['hosts', key]) ?? valueAt(hosts, [key]) ?? [];
    return Array.isArray(listed) ? listed.filter((one) => typeof one === 'string') : [];
  };
  const program: unknown = Array.isArray(command) ? command[0] : undefined;
  return [
    ...(typeof directory === 'string' && !allowed('paths').some((one) => lies(directory, one))
      ? [file.fault(at, 'key', `the include_directory ${quoted(directory)} is in none of the \`paths\` of its host`, 'Add it there')] // prettier-ignore
      : []),
    ...(typeof program === 'string' && !allowed('programs').includes(program)
      ? [file.fault(at, 'key', `the program ${quoted(program)} of server_command is none of the \`programs\` of its host`, 'Add it there')] // prettier-ignore
      : []),
  ];
}

function lies(directory: string, below: string): boolean {
  return bare(directory) === bare(below) || bare(directory).startsWith(`${bare(below)}/`);
}

function bare(directory: string): string {
  return directory.replace(/\/$/, '');
}
