import { LockstepError } from '../base/errors.js';
import type { AnnouncedServer } from '../domain/announcement.js';
import type { AnnouncedCluster, Machine } from './announcer.js';

/** A program of the operator's, and what it is told. */
export interface Told {
  /** LOCKSTEP_ACT. */
  readonly act: string;
  readonly cluster: AnnouncedCluster;
  /** LOCKSTEP_PRIMARY, LOCKSTEP_ADDRESS and LOCKSTEP_PORT; undefined: of nobody. */
  readonly primary?: { readonly name: string; readonly host: string; readonly port: number };
  /** LOCKSTEP_HOLD_SECONDS. */
  readonly holdSeconds?: number;
  /** LOCKSTEP_REPLICA, LOCKSTEP_REPLICA_ADDRESS and LOCKSTEP_REPLICA_PORT: who is withdrawn or returned. */
  readonly replica?: AnnouncedServer;
  /** LOCKSTEP_FALLBACK, LOCKSTEP_FALLBACK_ADDRESS and LOCKSTEP_FALLBACK_PORT: who is read from while nobody else may be. */
  readonly fallback?: AnnouncedServer | undefined;
}

/**
 * Runs it, for one act.
 * @param remedy what to do when it fails
 * @returns what it printed
 * @throws LockstepError `command-failed` with the last line that it printed
 */
export async function runTold(
  machine: Machine,
  argv: readonly string[],
  told: Told,
  remedy: string,
  signal: AbortSignal,
): Promise<string> {
  const { code, stdout, stderr } = await machine.run(argv, { environment: variables(told), signal });
  if (code === 0) return stdout;
  const said = lastLine(stderr) ?? lastLine(stdout);
  throw new LockstepError(
    'command-failed',
    `${programWords(argv, told.act)} ended with ${code ?? 'a signal'}${said === undefined ? '' : `: ${said}`}`,
    remedy,
  );
}

export function programWords(argv: readonly string[], act: string): string {
  return `${argv.join(' ')} (LOCKSTEP_ACT=${act})`;
}

function variables({ act, cluster, primary, holdSeconds, replica, fallback }: Told): Readonly<Record<string, string>> {
  return {
    LOCKSTEP_ACT: act,
    LOCKSTEP_CLUSTER: cluster.name,
    LOCKSTEP_NAMES: cluster.names.join(' '),
    ...(primary === undefined
      ? {}
      : { LOCKSTEP_PRIMARY: primary.name, LOCKSTEP_ADDRESS: primary.host, LOCKSTEP_PORT: String(primary.port) }),
    ...(holdSeconds === undefined ? {} : { LOCKSTEP_HOLD_SECONDS: String(holdSeconds) }),
    ...reader('REPLICA', replica),
    ...reader('FALLBACK', fallback),
  };
}

function reader(what: string, server: AnnouncedServer | undefined): Readonly<Record<string, string>> {
  if (server === undefined) return {};
  const { host, port } = server.address;
  return {
    [`LOCKSTEP_${what}`]: server.name,
    [`LOCKSTEP_${what}_ADDRESS`]: host,
    [`LOCKSTEP_${what}_PORT`]: String(port),
  };
}

function lastLine(text: string): string | undefined {
  const line = text.trim().split('\n').at(-1)?.slice(0, 300);
  return line === '' ? undefined : line;
}
