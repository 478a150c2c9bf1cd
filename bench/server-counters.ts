import type { SandboxServer } from '../src/sandbox/server.js';

/** The server's own count of what its clients did. */
export interface Counters {
  readonly statements: number;
  readonly connections: number;
}

/** Each reading is itself one statement, over a connection that is open already. */
export async function countersOf(server: SandboxServer): Promise<Counters> {
  const rows = await server.sql("SHOW GLOBAL STATUS WHERE Variable_name IN ('Questions', 'Connections')");
  const value = (name: string) => Number(rows.find((row) => row['Variable_name'] === name)?.['Value'] ?? NaN);
  return { statements: value('Questions'), connections: value('Connections') };
}

/** What happened between two readings, without the second reading itself. */
export function between(before: Counters, after: Counters): Counters {
  return {
    statements: after.statements - before.statements - 1,
    connections: after.connections - before.connections,
  };
}
