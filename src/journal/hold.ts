import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import net from 'node:net';
import { LockstepError } from '../base/errors.js';
import { codeOf } from './failure.js';

/**
 * Makes this process the only one that writes a directory, until it lets go or dies.
 *
 * The hold is an abstract Unix socket named from the directory's device and inode: no path leads around it, and the
 * kernel frees it with its process, whatever way that ends. It holds within one network namespace of one machine:
 * a second container or machine on the same directory is only noticed when it writes.
 * @throws LockstepError `journal-held`
 */
export async function holdDirectory(directory: string): Promise<() => Promise<void>> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const name = `\0lockstep-journal/${dev}:${ino}`;
  for (let tries = 3; ; tries -= 1) {
    const release = await tryHold(name);
    if (release !== undefined) return release;
    const holder = await holderOf(name);
    // Nobody there: it let go just now.
    if (holder === 'gone' && tries > 1) continue;
    throw heldBy(directory, typeof holder === 'number' ? holder : undefined);
  }
}

/** A frozen holder accepts, since the kernel does that for it, but says nothing. Milliseconds. */
const patience = 500;

async function tryHold(name: string): Promise<(() => Promise<void>) | undefined> {
  const asking = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    asking.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => asking.delete(socket));
    socket.unref();
    socket.end(`${process.pid}\n`);
  });
  server.unref(); // holding keeps no process alive
  try {
    await once(server.listen(name), 'listening');
  } catch (cause) {
    if (codeOf(cause) === 'EADDRINUSE') return undefined;
    throw cause;
  }
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of asking) socket.destroy();
    });
}

async function holderOf(name: string): Promise<number | 'silent' | 'gone'> {
  const socket = net.connect(name).setTimeout(patience, () => socket.destroy());
  let said = '';
  socket.on('data', (bytes) => (said += bytes.toString()));
  try {
    await once(socket, 'close');
  } catch {
    if (said === '') return 'gone';
  } finally {
    socket.destroy();
  }
  return /^\d{1,10}\n$/.test(said) ? Number(said) : 'silent';
}

function heldBy(directory: string, pid: number | undefined): LockstepError {
  const other = pid === undefined ? 'another process, which does not answer' : `the process ${pid}`;
  const who = pid === process.pid ? `this very process, ${pid}` : other;
  return new LockstepError(
    'journal-held',
    `the journal ${directory} is held by ${who}`,
    'One process at a time writes a journal: end the other one first, or name another directory.',
  );
}
