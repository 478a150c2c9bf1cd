import { setTimeout as pause } from 'node:timers/promises';
import type { RestartAction } from '../../domain/certificate-action.js';
import type { Notes } from '../../engine/procedure.js';
import type { Host } from '../../hosts/host.js';
import { LoginError, openSession, type Target } from '../../mysql/session.js';

/** Between two logins at a server that has not answered, milliseconds. */
const answerPause = 250;

/** Restarts a service, and waits until the server lets a login in again. @throws LoginError of the last try once the signal is over */
export async function restart(
  { service, noteAs, until }: RestartAction,
  host: Host,
  target: Target,
  signal: AbortSignal,
): Promise<Notes> {
  await host.restart(service, { signal });
  for (;;) {
    try {
      const session = await openSession(target, { signal });
      await session.end();
      break;
    } catch (cause) {
      if (until === 'greeting' && cause instanceof LoginError && cause.handshake !== undefined) break;
      const over = await pause(answerPause, false, { signal }).catch(() => true);
      if (over) throw cause;
    }
  }
  return { [noteAs]: new Date().toISOString() };
}
