import type { ServerName } from '../../../src/domain/snapshot.js';
import type { SandboxServer } from '../../../src/sandbox/server.js';

/** Settings that follow the role: as the first primary and its replicas had them. */
const byRole = /^(rpl_semi_sync_\w+_enabled|(super_)?read_only)$/i;
/** Positions, what a statement of ours changes by being asked, and what a server that was rebuilt has anew. */
const moving = /^(server_uuid$|gtid_(binlog|current|slave)_|gtid_(binlog_state|executed|purged|owned)|timestamp|last_gtid|pseudo_|rand_seed|binlog_gtid_index|innodb_buffer_pool_load|log_warnings_)/i; // prettier-ignore

export interface Settings {
  readonly variables: ReadonlyMap<string, string>;
  /** What SET PERSIST keeps, `` where the server has no such thing. */
  readonly persisted: string;
}

export async function settingsOf(server: SandboxServer): Promise<Settings> {
  const rows = await server.sql('SHOW GLOBAL VARIABLES');
  const kept = server.column.persists
    ? await server.sql('SELECT VARIABLE_NAME AS name, VARIABLE_VALUE AS value FROM performance_schema.persisted_variables ORDER BY 1') // prettier-ignore
    : [];
  return {
    variables: new Map(rows.map((row) => [row['Variable_name'] ?? '', row['Value'] ?? ''])),
    persisted: kept.map(({ name, value }) => `${name ?? ''}=${value ?? ''}`).join(' '),
  };
}

/** How a cluster's settings were when all was well. */
export class Baseline {
  private constructor(
    readonly before: ReadonlyMap<ServerName, Settings>,
    readonly primary: ServerName,
  ) {}

  static async of(servers: readonly SandboxServer[], primary: ServerName): Promise<Baseline> {
    return new Baseline(new Map(await Promise.all(servers.map(async (one) => [one.name, await settingsOf(one)] as const))), primary); // prettier-ignore
  }

  /** @param isPrimary its role now @returns what is otherwise, as `name: before -> now` */
  async changed(server: SandboxServer, isPrimary: boolean): Promise<readonly string[]> {
    const { variables, persisted } = await settingsOf(server);
    const own = this.before.get(server.name);
    const other = [...this.before.keys()].find((name) => name !== this.primary) ?? server.name;
    const role = this.before.get(isPrimary ? this.primary : other);
    const found = [...variables].flatMap(([name, now]) => {
      if (moving.test(name)) return [];
      const was = (byRole.test(name) ? role : own)?.variables.get(name);
      return was === undefined || was === now ? [] : [`${name}: ${was} -> ${now}`];
    });
    return own === undefined || own.persisted === persisted ? found : [...found, `persisted: ${own.persisted} -> ${persisted}`]; // prettier-ignore
  }
}
