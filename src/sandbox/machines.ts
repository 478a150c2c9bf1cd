import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Scope } from '../base/scope.js';
import type { HostSettings } from '../hosts/open.js';
import type { SandboxCluster } from './cluster.js';
import { takeDirectory } from './directories.js';
import { unpack } from './packages.js';
import { serviceOf } from './service.js';
import { baseSettings } from './settings.js';
import { mariadbBootstrap } from './template.js';
import { programs, type VersionName } from './versions.js';

/** How Lockstep reaches the machines of a sandbox: what a host's configuration would let it touch. */
export async function hostsOf(scope: Scope, sandbox: SandboxCluster): Promise<(name: string) => HostSettings> {
  const series = [...new Set(sandbox.servers.map(({ version }) => version.name))];
  const bin = new Map(await Promise.all(series.map(async (name) => [name, await tools(scope, name)] as const)));
  const words = await Promise.all(
    sandbox.servers.map(async (server) => [server.name, await serviceOf(scope, server)] as const),
  );
  const services = new Map(words);
  return (name) => {
    const { disk, tlsDirectory, version } = sandbox.server(name);
    return {
      kind: 'local',
      sudo: false,
      paths: [disk, tlsDirectory],
      programs: bin.get(version.name) ?? [],
      services: { mysql: services.get(name) ?? [] },
    };
  };
}

const backups = {
  'mariadb-10.5': 'mariadb-backup-10.5',
  'mariadb-10.11': 'mariadb-backup-10.11',
  'mariadb-11.8': 'mariadb-backup-11.8',
} as const;

/** As a distribution installs them: each in one file. */
async function tools(scope: Scope, version: VersionName): Promise<readonly string[]> {
  if (version === 'mysql-9.7') return [];
  const root = await unpack(programs[backups[version]]);
  const directory = await takeDirectory(scope);
  return Promise.all(
    ['mariadb-backup', 'mbstream'].map(async (name) => {
      const words = root.argv(`usr/bin/${name}`).map((word) => `'${word}'`);
      return script(directory, name, `exec ${words.join(' ')} "$@"`);
    }),
  );
}

/** What lays out an empty server, as a distribution installs it: each program finds the configuration of its own server. */
export async function serverPrograms(
  scope: Scope,
  sandbox: SandboxCluster,
): Promise<(name: string) => readonly string[]> {
  const found = await Promise.all(
    sandbox.servers.map(async ({ name, root, argv, version }) => {
      const directory = await takeDirectory(scope);
      const words = argv.map((word) => `'${word}'`).join(' ');
      const server = await script(directory, 'mysqld', `exec ${words} "$@"`);
      if (version.flavour === 'mysql') return [name, [server]] as const;
      const sql = path.join(directory, 'bootstrap.sql');
      await writeFile(sql, await mariadbBootstrap(String(baseSettings(version, root, '')['lc_messages_dir'])));
      const install = `for word; do case $word in --datadir=*) d=\${word#--datadir=};; esac; done\nmkdir -p "$d/mysql"\nexec ${words} --bootstrap --datadir="$d" < '${sql}'`;
      return [name, [server, await script(directory, 'mariadb-install-db', install)]] as const;
    }),
  );
  const programsOf = new Map<string, readonly string[]>(found);
  return (name) => programsOf.get(name) ?? [];
}

/** A program of one file. */
export async function script(directory: string, name: string, text: string): Promise<string> {
  const file = path.join(directory, name);
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return file;
}
