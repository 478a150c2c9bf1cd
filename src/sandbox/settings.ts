import path from 'node:path';
import type { Root } from './packages.js';
import type { VersionRecipe } from './versions.js';

/** One line of my.cnf each; `true` is a bare name. A value of undefined leaves the line out. */
export type Settings = Readonly<Record<string, string | number | true | undefined>>;

/** What the vendor does when nothing is set, no TLS at all, or these files. */
export type ServerTls = 'default' | 'off' | TlsFiles;

export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** `[mysqld]` and its lines. */
export function optionFile(settings: Settings): string {
  const lines = Object.entries(settings).flatMap(([name, value]) =>
    value === undefined ? [] : [value === true ? name : `${name} = ${value}`],
  );
  return ['[mysqld]', ...lines, ''].join('\n');
}

/** Where an unpacked server finds its own files, and what keeps it small: needed to initialise and to run alike. */
export function baseSettings(version: VersionRecipe, root: Root, dataDirectory: string): Settings {
  const share = version.name === 'mariadb-11.8' ? 'mariadb' : 'mysql'; // renamed with MariaDB 11
  const mysql = version.flavour === 'mysql';
  return {
    user: process.getuid?.() === 0 ? 'root' : undefined,
    basedir: path.join(root.directory, 'usr'),
    lc_messages_dir: path.join(root.directory, 'usr/share', share),
    character_sets_dir: path.join(root.directory, 'usr/share', share, 'charsets'),
    plugin_dir: path.join(root.directory, 'usr/lib/mysql/plugin'),
    datadir: dataDirectory,
    // MySQL refuses to start without /var/lib/mysql-files otherwise.
    secure_file_priv: mysql ? 'NULL' : undefined,
    mysqlx: mysql ? 'OFF' : undefined,
    innodb_buffer_pool_size: '16M',
    innodb_redo_log_capacity: mysql ? '16M' : undefined,
    innodb_log_file_size: mysql ? undefined : '16M',
    innodb_log_buffer_size: mysql ? '1M' : '2M', // MySQL 9 takes 64 MB and touches all of it
    key_buffer_size: '1M',
    table_open_cache: 200,
    table_definition_cache: 400,
    // What MariaDB's own tables need; smaller than its default of 300 million bytes of address space.
    aria_pagecache_buffer_size: mysql ? undefined : '8M',
  };
}

/** A crash of the machine may lose data, a crash of the server does not: what tests want. */
export const relaxedSettings: Settings = {
  sync_binlog: 0,
  innodb_flush_log_at_trx_commit: 2,
  innodb_flush_method: 'nosync',
  innodb_doublewrite: 'OFF',
};

/** What a careful production server runs with. */
export const durableSettings: Settings = { sync_binlog: 1, innodb_flush_log_at_trx_commit: 1 };

/** The performance schema as it is by default, with small buffers. */
export function performanceSchema(version: VersionRecipe, on: boolean): Settings {
  if (!on) return { performance_schema: 'OFF' };
  return {
    performance_schema: 'ON',
    performance_schema_error_size: version.flavour === 'mysql' ? 100 : undefined,
    performance_schema_accounts_size: 20,
    performance_schema_hosts_size: 20,
    performance_schema_users_size: 20,
    performance_schema_max_thread_instances: 150,
    performance_schema_digests_size: 200,
    performance_schema_max_table_instances: 500,
    performance_schema_max_table_handles: 500,
    performance_schema_max_digest_length: 256,
    performance_schema_events_statements_history_long_size: 100,
    performance_schema_events_stages_history_long_size: 100,
    performance_schema_events_waits_history_long_size: 100,
    performance_schema_events_transactions_history_long_size: 100,
  };
}

/** What a member of a cluster needs. `log_slave_updates` is spelled anew by MySQL 8 only. */
export function replicationSettings(version: VersionRecipe, serverId: number, mode: 'gtid' | 'position'): Settings {
  const mysql = version.flavour === 'mysql';
  const gtid: Settings = mysql ? { gtid_mode: 'ON', enforce_gtid_consistency: 'ON' } : { gtid_strict_mode: 'ON' };
  return {
    server_id: serverId,
    log_bin: 'bin',
    relay_log: 'relay',
    [mysql ? 'log_replica_updates' : 'log_slave_updates']: 'ON',
    binlog_format: mysql ? undefined : 'ROW', // the only one that MySQL 9 still has without a warning
    relay_log_recovery: 'ON',
    skip_name_resolve: 'ON',
    max_connections: 100,
    ...(mode === 'gtid' ? gtid : {}),
  };
}

/** TLS as the vendor has it when nothing is set, none at all, or by files. */
export function tlsSettings(version: VersionRecipe, tls: ServerTls): Settings {
  if (tls === 'default') return {};
  if (tls === 'off') return version.flavour === 'mysql' ? { tls_version: "''" } : { skip_ssl: true };
  return { ssl_ca: tls.ca, ssl_cert: tls.cert, ssl_key: tls.key };
}
