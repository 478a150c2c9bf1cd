import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LockstepError } from '../base/errors.js';
import { command, tail, tryCommand } from './command.js';
import { locked } from './lock.js';
import { cacheDirectory, type Root, type UnpackOptions } from './packages.js';
import { baseSettings, optionFile, relaxedSettings } from './settings.js';
import type { VersionRecipe } from './versions.js';

/**
 * Put a fresh data directory at `destination`, copied from this version's template, which is initialised at first use.
 * It holds the system tables and one account: root at localhost, without a password, for the socket alone.
 */
export async function copyTemplate(
  version: VersionRecipe,
  root: Root,
  destination: string,
  options: UnpackOptions = {},
): Promise<void> {
  const settings = optionFile({ ...baseSettings(version, root, ''), ...relaxedSettings });
  const digest = createHash('sha256').update(settings).update(mariadbExtra).digest('hex').slice(0, 8);
  const cache = options.cache ?? cacheDirectory();
  const template = path.join(cache, 'templates', `${version.name}-${root.version}-${digest}`);
  if (!existsSync(template)) {
    await locked(
      `template/${template}`,
      async () => {
        if (!existsSync(template)) await initialise(version, root, template, options);
      },
      options.signal,
    );
  }
  await command('cp', ['-a', '--reflink=auto', template, destination], { signal: options.signal });
}

async function initialise(
  version: VersionRecipe,
  root: Root,
  template: string,
  { progress, signal }: UnpackOptions,
): Promise<void> {
  progress?.(`initialising ${version.title}`);
  const fresh = `${template}.tmp`;
  const config = `${template}.cnf`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(path.dirname(fresh), { recursive: true });
  const settings = { ...baseSettings(version, root, fresh), ...relaxedSettings };
  await writeFile(config, optionFile(settings));
  const mysql = version.flavour === 'mysql';
  if (!mysql) await mkdir(path.join(fresh, 'mysql'), { recursive: true });
  const [program, ...args] = root.argv('usr/sbin/mysqld');
  args.push(`--defaults-file=${config}`, mysql ? '--initialize-insecure' : '--bootstrap');
  const input = mysql ? '' : await mariadbBootstrap(String(settings['lc_messages_dir']));
  const result = await tryCommand(program, args, { input, signal });
  await rm(config);
  if (result.code !== 0) {
    await rm(fresh, { recursive: true, force: true });
    throw new LockstepError(
      'sandbox-template',
      `${version.title} could not initialise a data directory (${result.code ?? 'signal'}): ${tail(result.output)}`,
    );
  }
  await rm(path.join(fresh, 'auto.cnf'), { force: true }); // each copy makes its own server_uuid
  await rename(fresh, template);
}

/** What Debian's installer feeds to `--bootstrap`, without its help tables and test database. */
export async function mariadbBootstrap(share: string): Promise<string> {
  const prefix = existsSync(path.join(share, 'mariadb_system_tables.sql')) ? 'mariadb' : 'mysql'; // renamed with MariaDB 11
  const files = ['system_tables', 'performance_tables', 'system_tables_data'];
  const texts = await Promise.all(files.map((name) => readFile(path.join(share, `${prefix}_${name}.sql`), 'utf8')));
  return ['create database if not exists mysql;', 'use mysql;', ...texts, mariadbExtra].join('\n');
}

/** The installer also lets root in over TCP without a password; the sandbox wants only the socket. */
const mariadbExtra = `
delete from global_priv where Host <> 'localhost';
delete from proxies_priv;
`;
