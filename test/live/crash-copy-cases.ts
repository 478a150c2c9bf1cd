import { readdirSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import type { Scope } from '../../src/base/scope.js';
import { resetReplica, stopReplica } from '../../src/dialects/replication-statements.js';
import { roomFor } from '../../src/domain/survey.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import { command } from '../../src/sandbox/command.js';
import type { Keys } from '../../src/sandbox/configuration.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { channelState, nothing, plain, type CrashCase } from './crash-case.js';
import { hostsOf, serverPrograms } from './rebuild-hosts.js';

/** A replica that follows nobody is built. */
const built: CrashCase = {
  parameters: { cluster: 'sandbox', server: 'db2' },
  // What fails last of all: what it held is put back from under the copy that it runs on by then.
  failsLate: 'step:compare:begins',
  settings: (version) => (version.startsWith('mysql') ? { plugin_load_add: 'mysql_clone.so' } : {}),
  ofServer: (scope, sandbox) => machines(scope, sandbox, 'beside'),
  provoke: async (sandbox) => {
    const replica = sandbox.server('db2');
    await replica.sql(plain(stopReplica(replica.column, '')));
    await replica.sql(plain(resetReplica(replica.column, '')));
  },
  state: async (sandbox) => `${ours(sandbox).join()} ${await channelState(sandbox.server('db2'))}`,
  mend: async (sandbox) => {
    const replica = sandbox.server('db2');
    await replica.sql(plain(stopReplica(replica.column, ''))).catch(nothing);
    await sandbox.follow(replica, sandbox.primary);
  },
};

const root = process.getuid?.() === 0;
/** The disk of db2 where it has room, and by how much it is made too small, megabytes. */
const [wide, lacking] = [1024, 24];

/** Its disk cannot hold both, and what it holds is dropped first. */
const emptied: CrashCase = {
  ...built,
  parameters: { ...built.parameters, discard: 'yes', 'accept-loss': 'yes' },
  servers: { db2: { diskMegabytes: wide } },
  provoke: async (sandbox) => {
    const [replica, donor] = [sandbox.server('db2'), sandbox.primary];
    await alone(replica, [
      'CREATE DATABASE large',
      'CREATE TABLE large.rows_of (id INT PRIMARY KEY, body LONGBLOB)',
      ...Array.from({ length: 16 }, (_, id) => `INSERT INTO large.rows_of VALUES (${id}, REPEAT('x', 4000000))`),
    ]);
    await built.provoke(sandbox);
    const [row] = await donor.sql('SELECT SUM(DATA_LENGTH + INDEX_LENGTH) AS bytes FROM information_schema.TABLES');
    const { blocks, bavail, bsize } = await statfs(replica.disk);
    const needed = (blocks - bavail) * bsize + roomFor(Number(row?.['bytes'] ?? 0));
    await resize(replica, Math.ceil(needed / 2 ** 20) - lacking);
  },
  mend: async (sandbox) => {
    const replica = sandbox.server('db2');
    await resize(replica, wide);
    await alone(replica, ['DROP DATABASE IF EXISTS large']);
    await built.mend(sandbox);
  },
};

/**
 * The ways of `rebuild-replica`: by the files of the donor (mariadb-backup, CLONE), by a dump, and within a data directory
 * beside which nothing is Lockstep's, where entries change places (on MySQL by a dump); and from a disk that is emptied
 * first, which only root can make so small.
 */
export const copyCases = {
  files: built,
  dump: { ...built, parameters: { ...built.parameters, method: 'dump' } },
  within: { ...built, ofServer: (scope, sandbox) => machines(scope, sandbox, 'within') },
  ...(root ? { emptied } : {}),
} as const satisfies Readonly<Record<string, CrashCase>>;

/** Nothing of a copy, and nothing that was kept, is left over either way. */
function ours(sandbox: SandboxCluster): readonly string[] {
  const { disk, dataDirectory, tlsDirectory } = sandbox.server('db2');
  const named = (directory: string, part: string) => readdirSync(directory).filter((name) => name.includes(part));
  return [
    ...readdirSync(disk),
    ...named(dataDirectory, 'lockstep'),
    ...[tlsDirectory, sandbox.primary.tlsDirectory].flatMap((directory) => named(directory, 'lockstep-copy')),
  ];
}

/** Statements of which no other server hears. */
async function alone(server: SandboxServer, statements: readonly string[]): Promise<void> {
  const closing = (value: string) =>
    server.version.flavour === 'mysql' ? [`SET GLOBAL super_read_only = ${value}`] : [];
  await server.run([...closing('OFF'), 'SET sql_log_bin = 0', ...statements, 'SET sql_log_bin = 1', ...closing('ON')]);
}

function resize({ disk }: SandboxServer, megabytes: number): Promise<unknown> {
  return command('mount', ['-o', `remount,size=${megabytes}m`, disk]);
}

/** Where Lockstep may touch the data and the directory above, or the data alone. */
async function machines(
  scope: Scope,
  sandbox: SandboxCluster,
  place: 'beside' | 'within',
): Promise<(server: SandboxServer) => Keys> {
  const [settings, layers] = await Promise.all([hostsOf(scope, sandbox), serverPrograms(scope, sandbox)]);
  return ({ name, disk, dataDirectory, tlsDirectory }) => {
    const { programs, services } = settings(name);
    const paths = [place === 'beside' ? disk : dataDirectory, tlsDirectory];
    return { hosts: { paths, programs: [...programs, ...layers(name)], services } };
  };
}
