import { LockstepError, messageOf } from '../base/errors.js';
import { columnFor } from '../dialects/capabilities.js';
import { nextStartCalls, nextStartOf, setSinceStart } from '../dialects/next-start.js';
import type { NextStart } from '../domain/next-start.js';
import type { Flavour, Identity, RestartChanges, ServerName } from '../domain/snapshot.js';
import type { Host } from '../hosts/host.js';
import { openSession, type Target } from '../mysql/session.js';

/** How a server and its program are asked. */
export interface NextStartReach {
  readonly server: ServerName;
  readonly flavour: Flavour;
  readonly release: Identity['release'];
  /** The words that it is started with. */
  readonly command: readonly string[];
  target(): Promise<Target>;
  /** undefined: Lockstep does not reach its machine. Whoever asks closes it. */
  readonly host: Host | undefined;
}

/** Asks which settings a restart would change; nothing is started or changed. Never throws for what a server or its machine does. */
export async function nextStart(reach: NextStartReach, signal: AbortSignal): Promise<NextStart> {
  const { server } = reach;
  try {
    return { server, changes: await changesAt(reach, signal) };
  } catch (cause) {
    signal.throwIfAborted();
    return { server, changes: undefined, failure: messageOf(cause) };
  }
}

async function changesAt(reach: NextStartReach, signal: AbortSignal): Promise<RestartChanges> {
  const { host, command } = reach;
  const column = columnFor(reach);
  const question = setSinceStart(column);
  if (host === undefined || question === undefined)
    throw new LockstepError('host-unreachable', `Lockstep does not reach the machine of ${reach.server}`);
  const [program = ''] = command;
  let printed = '';
  for (const words of nextStartCalls(column)) {
    const { code, stdout, stderr } = await host.run([...command, ...words], { signal });
    const said = stderr.trim().split('\n').at(-1) ?? '';
    if (code !== 0) throw new LockstepError('program-failed', `${program} ended with ${code ?? 'a signal'}: ${said.slice(0, 300)}`); // prettier-ignore
    printed = stdout;
  }
  const session = await openSession(await reach.target(), { signal });
  try {
    const [rows = []] = await session.query(question, { signal });
    const changes = nextStartOf(rows, printed);
    if (changes === undefined) throw new LockstepError('program-failed', `${program} printed no table of settings`);
    return changes;
  } finally {
    await session.end();
  }
}
