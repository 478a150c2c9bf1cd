import path from 'node:path';
import type { Scope } from '../src/base/scope.js';
import type { Flavour } from '../src/domain/snapshot.js';
import type { HostSettings } from '../src/hosts/open.js';
import type { Target } from '../src/mysql/session.js';
import { accountStatements } from '../src/sandbox/accounts.js';
import { createCluster, type SandboxCluster } from '../src/sandbox/cluster.js';
import { takeDirectory } from '../src/sandbox/directories.js';
import { hostsOf, script, serverPrograms } from '../src/sandbox/machines.js';
import { unpack } from '../src/sandbox/packages.js';
import type { SandboxServer } from '../src/sandbox/server.js';
import type { Settings } from '../src/sandbox/settings.js';
import { sshTarget, startSshServer } from '../src/sandbox/ssh-server.js';
import { programs, versionNamed, type VersionName } from '../src/sandbox/versions.js';
import { say } from './run.js';

export interface Stage {
  readonly cluster: SandboxCluster;
  readonly donor: SandboxServer;
  readonly target: SandboxServer;
  /** Files of programs by name. */
  readonly programs: Readonly<Record<string, string>>;
  readonly directory: string;
  /** Bytes of the tables with their indexes, by the server's estimate. */
  readonly bytes: number;
  program(server: string, name: string): string | undefined;
  readonly hosts: (server: string) => HostSettings;
  /** The same machines by SSH, and the shell line that runs another on them by OpenSSH's own client. */
  readonly ssh: { readonly hosts: Stage['hosts']; readonly line: (line: string) => string };
  login(server: string): Promise<Target>;
  /** What a copy says that it cost. */
  readonly told: (cost: string) => void;
  readonly costs: readonly string[];
}

const settings: Readonly<Record<Flavour, Settings>> = {
  mariadb: { innodb_buffer_pool_size: '512M', innodb_log_file_size: '256M' },
  mysql: { innodb_buffer_pool_size: '512M', innodb_redo_log_capacity: '256M', plugin_load_add: 'mysql_clone.so' },
};
/** For a statement that reads or writes everything, milliseconds. */
export const slow = 3_600_000;
/** How many copy at once, where a tool lets one say it. */
export const streams = 4;

/** A donor that is also the primary, filled with so many megabytes as a wiki has them, and a target; durable as in production. */
export async function openRebuildStage(scope: Scope, version: VersionName, megabytes: number): Promise<Stage> {
  const { flavour } = versionNamed(version);
  const cluster = await createCluster({
    version,
    replicas: 1,
    durable: true,
    settings: settings[flavour],
    progress: say,
  });
  scope.defer(() => cluster.stop());
  const [donor, target] = [cluster.server('db1'), cluster.server('db2')];
  const [hosts, servers] = [await hostsOf(scope, cluster), await serverPrograms(scope, cluster)];
  const settingsOf = (server: string) => ({
    ...hosts(server),
    programs: [...hosts(server).programs, ...servers(server)],
  });
  const directory = await takeDirectory(scope);
  const named = [...hosts('db1').programs, ...(await clients(directory, flavour))];
  const byName = Object.fromEntries(named.map((file) => [path.basename(file), file]));
  await fill(donor, megabytes);
  const [row] = await donor.sql("SELECT SUM(DATA_LENGTH + INDEX_LENGTH) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'wiki'"); // prettier-ignore
  const costs: string[] = [];
  return {
    cluster,
    donor,
    target,
    programs: byName,
    directory,
    bytes: Number(row?.['n']),
    program: (server, name) => servers(server).find((file) => path.basename(file) === name),
    hosts: settingsOf,
    ssh: await bySsh(scope, settingsOf),
    login: (server) => cluster.login(cluster.server(server), cluster.accounts.operate),
    told: (cost) => void costs.push(cost),
    costs,
  };
}

async function bySsh(scope: Scope, settingsOf: Stage['hosts']): Promise<Stage['ssh']> {
  const server = await startSshServer(scope);
  const { address, users, keyFile } = server;
  const way = { kind: 'ssh', sudo: false, ...sshTarget(server) } as const;
  const client = (await unpack(programs.openssh)).argv('usr/bin/ssh').map((word) => `'${word}'`);
  const options = ['-F', 'none', '-i', keyFile, '-p', String(address.port), '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', `${users.self}@${address.host}`]; // prettier-ignore
  return {
    hosts: (server) => {
      const { paths, programs: allowed, services } = settingsOf(server);
      return { ...way, paths, programs: allowed, services };
    },
    line: (line) => [...client, ...options, `"${line}"`].join(' '),
  };
}

/** As it comes from the installer, with the cluster's accounts. */
export async function emptied({ cluster, target }: Stage): Promise<void> {
  await target.wipe();
  await target.start();
  await target.run(accountStatements(target, cluster.accounts, 'x509'));
}

const tools = {
  mariadb: [
    ['mariadb-client', ['mariadb-dump', 'mariadb']],
    ['mydumper', ['mydumper', 'myloader']],
  ],
  mysql: [['mysql-client', ['mysqldump', 'mysql']]],
} as const;

async function clients(directory: string, flavour: Flavour): Promise<readonly string[]> {
  const files = tools[flavour].map(async ([recipe, names]) => {
    const root = await unpack(programs[recipe], { progress: say });
    return Promise.all(names.map((name) => script(directory, name, `exec ${root.argv(`usr/bin/${name}`).map((word) => `'${word}'`).join(' ')} "$@"`))); // prettier-ignore
  });
  return (await Promise.all(files)).flat();
}

/** Pages, their revisions and their texts: small rows with several indexes, and large ones with none. */
async function fill(donor: SandboxServer, megabytes: number): Promise<void> {
  say(`filling ${donor.name} with about ${megabytes} MB`);
  const sql = (text: string) => donor.sql(text, slow);
  await sql('SET sql_log_bin = 0');
  await sql('CREATE DATABASE wiki CHARACTER SET utf8mb4');
  await sql('CREATE TABLE wiki.page (page_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, page_namespace INT NOT NULL, page_title VARBINARY(255) NOT NULL, page_random DOUBLE NOT NULL, page_touched BINARY(14) NOT NULL, page_len INT UNSIGNED NOT NULL, UNIQUE KEY name_title (page_namespace, page_title), KEY page_random (page_random), KEY page_len (page_len))'); // prettier-ignore
  await sql('CREATE TABLE wiki.revision (rev_id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, rev_page INT UNSIGNED NOT NULL, rev_comment VARCHAR(200) NOT NULL, rev_timestamp DATETIME NOT NULL, rev_sha1 VARBINARY(32) NOT NULL, KEY page_timestamp (rev_page, rev_timestamp), KEY rev_timestamp (rev_timestamp))'); // prettier-ignore
  for (const part of [1, 2, 3]) await sql(`CREATE TABLE wiki.text_${part} (old_id INT UNSIGNED PRIMARY KEY, old_text MEDIUMBLOB NOT NULL, old_flags TINYBLOB NOT NULL)`); // prettier-ignore
  await sql('CREATE TABLE wiki.beat (id INT PRIMARY KEY AUTO_INCREMENT)');
  // About 2 KB for each page: its own row, two revisions, a text.
  const pages = Math.max(512, Math.round((megabytes * 1_000_000) / 2000));
  await sql("INSERT INTO wiki.page VALUES (1, 0, 'Main_Page', 0.5, '20260101000000', 100)");
  for (let count = 1; count < pages; count *= 2)
    await sql(`INSERT INTO wiki.page SELECT page_id + ${count}, page_id % 16, CONCAT('Title_', LEFT(SHA2(page_id + ${count}, 256), 32)), RAND(), '20260101000000', RAND() * 100000 FROM wiki.page WHERE page_id <= ${pages - count}`); // prettier-ignore
  for (const which of [0, 1])
    await sql(`INSERT INTO wiki.revision SELECT page_id * 2 + ${which}, 1 + RAND() * ${pages}, CONCAT('a comment as people write them, on ', page_title), '2026-01-01' + INTERVAL FLOOR(RAND() * 10000000) SECOND, LEFT(page_title, 32) FROM wiki.page`); // prettier-ignore
  for (const part of [1, 2, 3])
    await sql(`INSERT INTO wiki.text_${part} SELECT page_id, REPEAT(CONCAT('What ''it'' says, in a line.\\nAnd one more: ', page_title), 8 + page_id % 24), 'utf-8' FROM wiki.page WHERE page_id % 3 = ${part - 1}`); // prettier-ignore
  await sql('SET sql_log_bin = 1');
}
