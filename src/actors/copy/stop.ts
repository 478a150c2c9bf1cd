import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { raced } from '../../base/deadline.js';
import { LockstepError } from '../../base/errors.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { Host } from '../../hosts/host.js';
import { LoginError, openSession, type Target } from '../../mysql/session.js';
import { aria } from './entries.js';
import { stands, type DataNames } from './places.js';

/** Milliseconds. */
const lookEvery = 250;
/** How long a server may take to write what it has to when it ends, or to answer when it begins. Milliseconds. */
const within = 600_000;

export interface Stopping {
  readonly on: ServerName;
  readonly service: string;
  readonly host: Host;
  readonly target: Target;
}

/**
 * Ends a server, and waits until it leaves its data alone. It answers nobody from the first moment on, and then flushes
 * its pages, and gives files of its redo log other names. InnoDB's temporary tablespace is what it removes last of all
 * (seen on every version of the matrix); only one that died leaves it. Then MariaDB's Aria writes for some milliseconds
 * more (by strace: log, control file, log), into files that are open, under whatever names: two looks at its control file
 * that show the same tell that it is done, unless it stood still between them. Where it answers nobody and has not removed
 * that tablespace, its service is restarted, which waits for what is ending and starts what is dead; what does not start is dead.
 * @throws LockstepError `still-at-work`; `end-unseen` and those of hosts, before it is told, where nobody could see its end
 */
export async function stopped(
  { on, service, host, target }: Stopping,
  { data, temporary }: DataNames,
  signal: AbortSignal,
): Promise<void> {
  const last = path.posix.resolve(data, temporary);
  const up = await answers(target, signal);
  const there = await stands(host, last, signal);
  let control: string | undefined;
  if (up && !there) throw new LockstepError('end-unseen', `${on} is at work, and has no ${last}, by which its end would be seen`, 'Build it by hand.'); // prettier-ignore
  if (!up && (!there || !(await comesUp()))) return;
  await shutDown(target, signal);
  await untilNot(
    () => stands(host, last, signal),
    `was told to end, and is still at work on its data: ${last} is there`,
  );
  await untilNot(ariaWrites, 'was told to end, and Aria is still at work on its log');

  /** Whether its control file is another than at the look before; where there is none, there is no Aria. */
  async function ariaWrites(): Promise<boolean> {
    const file = path.posix.join(data, aria);
    if (!(await stands(host, file, signal))) return false;
    const before = control;
    control = (await host.read(file, { signal })).toString('latin1');
    return control !== before;
  }

  async function comesUp(): Promise<boolean> {
    try {
      await host.restart(service, { signal });
    } catch (cause) {
      if (!(cause instanceof LockstepError) || cause.code !== 'restart-failed') throw cause;
      return false;
    }
    await untilNot(async () => !(await answers(target, signal)), `was restarted, and answers nobody`);
    return true;
  }

  async function untilNot(condition: () => Promise<boolean>, what: string): Promise<void> {
    const until = performance.now() + within;
    while (await condition()) {
      if (performance.now() > until) throw new LockstepError('still-at-work', `${on} ${what}`, 'See in its log what holds it up.'); // prettier-ignore
      await pause(lookEvery, undefined, { signal });
    }
  }
}

async function shutDown(target: Target, signal: AbortSignal): Promise<void> {
  const session = await openSession(target, { signal });
  const ended = new Promise<void>((resolve) => session.onClose(resolve));
  try {
    await session.query('SHUTDOWN', { signal }).catch((cause: unknown) => {
      if (!session.closed) throw cause;
    });
    await raced(ended, signal);
  } finally {
    session.close();
  }
  while (await answers(target, signal)) await pause(lookEvery, undefined, { signal });
}

export async function untilAnswers(target: Target, signal: AbortSignal): Promise<void> {
  while (!(await answers(target, signal))) await pause(lookEvery, undefined, { signal });
}

export async function answers(target: Target, signal: AbortSignal): Promise<boolean> {
  try {
    const session = await openSession(target, { signal });
    await session.end();
    return true;
  } catch (cause) {
    if (cause instanceof LoginError && !signal.aborted) return false;
    throw cause;
  }
}
