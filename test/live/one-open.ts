import { expect } from 'vitest';
import type { Address } from '../../src/domain/snapshot.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { askOne } from './stage.js';

/**
 * By the servers' own word, with none of Lockstep's eyes in between: this one alone accepts writes, and all others
 * follow it over TLS and verify its certificate.
 * @param former was the primary before: it is closed as firmly as it can be
 */
export async function expectOneOpen(
  servers: readonly SandboxServer[],
  primary: SandboxServer,
  former?: SandboxServer,
): Promise<void> {
  for (const server of servers) {
    const channels = await channelsOf(server);
    if (server === primary) {
      expect([server.name, await isClosed(server, 'read_only'), channels]).toEqual([server.name, false, []]);
      continue;
    }
    expect([server.name, await isClosed(server, 'read_only')]).toEqual([server.name, true]);
    if (server === former && server.column.readOnly === 'super')
      expect(await isClosed(server, 'super_read_only'), `super_read_only of ${server.name}`).toBe(true);
    expect([server.name, channels]).toEqual([
      server.name,
      [{ source: primary.address, io: 'Yes', sql: 'Yes', tls: 'Yes', verified: 'Yes' }],
    ]);
  }
}

async function isClosed(server: SandboxServer, variable: string): Promise<boolean> {
  return ['1', 'ON'].includes(await askOne(server, `@@global.${variable}`));
}

interface ChannelSaid {
  readonly source: Address;
  readonly io: string | undefined;
  readonly sql: string | undefined;
  readonly tls: string | undefined;
  readonly verified: string | undefined;
}

async function channelsOf(server: SandboxServer): Promise<readonly ChannelSaid[]> {
  const [source, replica] = server.column.flavour === 'mariadb' ? ['Master', 'Slave'] : ['Source', 'Replica'];
  const rows = await server.sql(server.words.status);
  return rows.map((row) => ({
    source: { host: row[`${source}_Host`] ?? '', port: Number(row[`${source}_Port`]) },
    io: row[`${replica}_IO_Running`] ?? undefined,
    sql: row[`${replica}_SQL_Running`] ?? undefined,
    tls: row[`${source}_SSL_Allowed`] ?? undefined,
    verified: row[`${source}_SSL_Verify_Server_Cert`] ?? undefined,
  }));
}
