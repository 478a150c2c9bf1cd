import { addressText, parseAddress } from './address.js';
import { announceChecks } from './announce-checks.js';
import { automationChecks } from './automation-checks.js';
import type { YamlFile } from './document.js';
import { entriesAt, nearestRemedy, quoted, valueAt } from './explain.js';
import { failoverChecks } from './failover-checks.js';
import type { Fault } from './fault.js';
import { hostChecks } from './host-checks.js';
import { defaultServerPort } from './schema.js';
import { authorityChecks, serverTlsChecks } from './server-tls-checks.js';
import { safeName, safeNameWords } from './vocabulary.js';
import type { WebConfig } from './web-config.js';

/**
 * What one schema cannot see: things that must fit together, across mappings and files. These work on the data as
 * written, so that they are found together with every fault of form.
 */
export function checks(main: YamlFile, includes: readonly YamlFile[], web: WebConfig | undefined): readonly Fault[] {
  const files = [main, ...includes];
  return [
    ...files.flatMap(safeNames),
    ...files.flatMap(addressesTwice),
    ...clustersTwice(files),
    ...noCluster(main, files),
    ...files.flatMap((file) => noMonitor(main, file)),
    ...files.flatMap((file) => hostChecks(main, file)),
    ...files.flatMap((file) => announceChecks(main, file)),
    ...files.flatMap((file) => failoverChecks(main, file)),
    ...authorityChecks(main),
    ...files.flatMap((file) => serverTlsChecks(main, file)),
    ...automationChecks(main),
    ...tokensTwice(main),
    ...rolesOfNobody(main, web),
  ];
}

function safeNames(file: YamlFile): readonly Fault[] {
  const wrong = (path: readonly string[], what: string, name: string) =>
    safeName.test(name)
      ? []
      : [file.fault([...path, name], 'key', `${quoted(name)} is no name for a ${what}: expected ${safeNameWords}`)];
  return entriesAt(file.value, ['clusters']).flatMap(([cluster]) => [
    ...wrong(['clusters'], 'cluster', cluster),
    ...entriesAt(file.value, ['clusters', cluster, 'servers']).flatMap(([server]) =>
      wrong(['clusters', cluster, 'servers'], 'server', server),
    ),
  ]);
}

function addressesTwice(file: YamlFile): readonly Fault[] {
  return entriesAt(file.value, ['clusters']).flatMap(([cluster]) => {
    const owners = new Map<string, string>();
    return entriesAt(file.value, ['clusters', cluster, 'servers']).flatMap(([server]) => {
      const path = ['clusters', cluster, 'servers', server, 'address'];
      const given = valueAt(file.value, path);
      const parsed = typeof given === 'string' ? parseAddress(given, defaultServerPort) : undefined;
      if (parsed === undefined) return [];
      const text = addressText(parsed);
      const owner = owners.get(text);
      owners.set(text, owner ?? server);
      if (owner === undefined) return [];
      const message = `given ${quoted(given)}, which is already the address of ${quoted(owner)} in this cluster`;
      return [file.fault(path, 'value', message, 'Give each server its own address, or remove one of the two')];
    });
  });
}

function clustersTwice(files: readonly YamlFile[]): readonly Fault[] {
  const owners = new Map<string, Fault>();
  return files.flatMap((file) =>
    entriesAt(file.value, ['clusters']).flatMap(([cluster]) => {
      const here = file.fault(['clusters', cluster], 'key', '');
      const first = owners.get(cluster);
      owners.set(cluster, first ?? here);
      if (first === undefined) return [];
      const message = `cluster ${quoted(cluster)} is already defined in ${first.file} line ${String(first.line)}`;
      return [{ ...here, message, remedy: 'Rename one of the two' }];
    }),
  );
}

function noCluster(main: YamlFile, files: readonly YamlFile[]): readonly Fault[] {
  // When a file could not be read, its clusters are unknown, not absent.
  if (files.some((file) => file.value === undefined)) return [];
  if (files.some((file) => entriesAt(file.value, ['clusters']).length > 0)) return [];
  const written = valueAt(main.value, ['clusters']);
  if (written !== undefined && (typeof written !== 'object' || Array.isArray(written))) return [];
  const remedy = 'Name at least one, with its servers, here or in an included file';
  return [main.fault(['clusters'], 'key', 'no cluster is configured', remedy)];
}

function noMonitor(main: YamlFile, file: YamlFile): readonly Fault[] {
  if (main.value === undefined || valueAt(main.value, ['defaults', 'accounts', 'monitor']) !== undefined) return [];
  return entriesAt(file.value, ['clusters'])
    .filter(([, entry]) => typeof entry === 'object' && entry !== null)
    .filter(([cluster]) => valueAt(file.value, ['clusters', cluster, 'accounts', 'monitor']) === undefined)
    .map(([cluster]) =>
      file.fault(
        ['clusters', cluster],
        'key',
        `cluster ${quoted(cluster)} has no account to observe its servers with`,
        'Write `accounts: { monitor: { user: …, password_file: … } }` here or under `defaults`',
      ),
    );
}

function tokensTwice(main: YamlFile): readonly Fault[] {
  const tokens = valueAt(main.value, ['tokens']);
  if (!Array.isArray(tokens)) return [];
  const names = tokens.map((_, index) => valueAt(tokens, [index, 'name']));
  return names.flatMap((name, index) =>
    typeof name === 'string' && names.indexOf(name) < index
      ? [main.fault(['tokens', index, 'name'], 'value', `given ${quoted(name)}, which another token is already called`)]
      : [],
  );
}

function rolesOfNobody(main: YamlFile, web: WebConfig | undefined): readonly Fault[] {
  const unreadable = web === undefined && valueAt(main.value, ['web_config_file']) !== undefined;
  if (unreadable) return [];
  const users = web?.users.map((user) => user.name) ?? [];
  const verified = web?.tls?.clientAuth === 'verify-if-given' || web?.tls?.clientAuth === 'require-and-verify';
  return entriesAt(main.value, ['roles']).flatMap(([subject]) => {
    if (users.includes(subject)) return [];
    if (subject.startsWith('CN=')) {
      if (verified) return [];
      const remedy = 'Set client_auth_type: VerifyClientCertIfGiven and client_ca_file in the web_config_file';
      return [
        main.fault(
          ['roles', subject],
          'key',
          `no client certificate is verified, so ${quoted(subject)} is nobody`,
          remedy,
        ),
      ];
    }
    const remedy = nearestRemedy(subject, users, 'Add the user there, or write CN=NAME for a client certificate');
    return [main.fault(['roles', subject], 'key', `${quoted(subject)} is no user of the web_config_file`, remedy)];
  });
}
