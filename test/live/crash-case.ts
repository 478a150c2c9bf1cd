import type { Scope } from '../../src/base/scope.js';
import type { ChannelTls } from '../../src/dialects/replication-statements.js';
import { stopReplica } from '../../src/dialects/replication-statements.js';
import type { Row } from '../../src/dialects/question.js';
import { written } from '../../src/dialects/written.js';
import { LoginError, openSession, SessionLost } from '../../src/mysql/session.js';
import type { ClusterOptions, SandboxCluster } from '../../src/sandbox/cluster.js';
import type { ConfigurationOptions, Keys } from '../../src/sandbox/configuration.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import type { Settings } from '../../src/sandbox/settings.js';
import type { VersionName } from '../../src/sandbox/versions.js';

/**
 * How a procedure comes to be needed on real servers, and how the servers themselves look before and after it. Every
 * procedure has one, or one for each way that it may go: its fault points follow from its plan.
 */
export interface CrashCase {
  readonly parameters: Readonly<Record<string, string>>;
  /** Servers that it lets accept writes, each in the place of another. Default none. */
  readonly opens?: readonly string[];
  /**
   * Where a run fails that has done all that can be taken back. Default: only at the end of each step that can be.
   */
  readonly failsLate?: string;
  /** From a healthy cluster: what the procedure mends. */
  provoke(sandbox: SandboxCluster): Promise<void>;
  /** One text for the state of everything that the procedure touches, as the servers tell it. */
  state(sandbox: SandboxCluster): Promise<string>;
  /** What servers need besides, and further keys of each in the configuration. */
  settings?(version: VersionName): Settings;
  readonly servers?: ClusterOptions['servers'];
  ofServer?(scope: Scope, sandbox: SandboxCluster): Promise<(server: SandboxServer) => Keys>;
  /** Further keys of the configuration, and of its cluster. */
  configuration?(sandbox: SandboxCluster): Promise<Pick<ConfigurationOptions, 'whole' | 'keys'>>;
  /** Back to a healthy cluster. */
  mend(sandbox: SandboxCluster): Promise<void>;
}

/** db2 reads from its primary anew. */
export async function follow(sandbox: SandboxCluster, tls: ChannelTls): Promise<void> {
  const replica = sandbox.server('db2');
  await replica.sql(plain(stopReplica(replica.column, '')));
  await sandbox.follow(replica, sandbox.primary, { tls });
}

/** Both threads, the source, and every word of TLS. */
export async function channelState(server: SandboxServer): Promise<string> {
  const rows = await asked(server, server.words.status);
  const words = /_(?:Host|Port|User)$|SSL|_Running$|Using_Gtid|Auto_Position/;
  return rows
    .map((row) =>
      Object.entries(row)
        .filter(([name]) => words.test(name))
        .map(([name, value]) => `${name}=${value ?? 'NULL'}`)
        .join(' '),
    ) // prettier-ignore
    .join('; ');
}

/** Once more when our own session was ended: fencing ends administrators' too. */
export async function asked(server: SandboxServer, text: string): Promise<readonly Row[]> {
  try {
    return await server.sql(text);
  } catch (cause) {
    if (!(cause instanceof SessionLost)) throw cause;
    return server.sql(text);
  }
}

/** A server that was laid out empty on MySQL lets root in only once it is filled: then Lockstep's own account asks. */
export async function askedAnyway(sandbox: SandboxCluster, server: SandboxServer, text: string) {
  try {
    return await asked(server, text);
  } catch (cause) {
    if (!(cause instanceof LoginError) || cause.failure.reason !== 'access-denied') throw cause;
    const signal = AbortSignal.timeout(5000);
    const session = await openSession(await sandbox.login(server, sandbox.accounts.operate), { signal });
    try {
      return (await session.query(text, { signal }))[0] ?? [];
    } finally {
      await session.end();
    }
  }
}

export function plain(statement: Parameters<typeof written>[0]): string {
  return written(statement, { secrets: {}, notes: {} }).reveal();
}

export function nothing(): void {
  // What a statement answers is of no interest.
}
