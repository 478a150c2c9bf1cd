import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open, rm, stat } from 'node:fs/promises';
import net from 'node:net';
import { LockstepError } from '../base/errors.js';
import { codeOf } from './failure.js';

/**
 * Makes this process the only one that writes a directory, until it lets go or dies.
 *
 * The hold is an abstract Unix socket named from the directory's device and inode: no path leads around it, and the
 * kernel frees it with its process, whatever way that ends. Abstract names end at the network namespace, so the holder
 * also listens at `holder.sock` in the directory, which containers that share it see. What is left of a dead holder
 * there accepts nobody. Another machine on the same directory is kept out by neither.
 * @throws LockstepError `journal-held`
 */
export async function holdDirectory(directory: string): Promise<() => Promise<void>> {
  const { dev, ino } = await stat(directory, { bigint: true });
  const letGo = await holdName(`\0lockstep-journal/${dev}:${ino}`, directory);
  try {
    const leave = await holdFile(directory);
    return () => leave().finally(letGo);
  } catch (cause) {
    await letGo();
    throw cause;
  }
}

/** Who answers: undefined when nobody does, `silent` when it accepts and says nothing, as a frozen process. */
type Holder = { readonly pid: string; readonly token: string } | 'silent' | undefined;

/** A frozen holder accepts, since the kernel does that for it, but says nothing. Milliseconds. */
const patience = 500;

/** Tells this process from others, also from those of containers, which all have pid 1. */
const token = randomBytes(8).toString('hex');

async function holdName(name: string, directory: string): Promise<() => Promise<void>> {
  for (let tries = 3; ; tries -= 1) {
    const release = await listen(name);
    if (release !== undefined) return release;
    const holder = await holderOf(name);
    // Nobody there: it let go just now.
    if (holder !== undefined || tries === 1) throw heldBy(directory, holder);
  }
}

async function holdFile(directory: string): Promise<() => Promise<void>> {
  const handle = await open(directory, 'r');
  // The names of sockets are short; this one is, however long the directory's is.
  const name = `/proc/self/fd/${handle.fd}/holder.sock`;
  try {
    const holder = await holderOf(name);
    if (holder !== undefined) throw heldBy(directory, holder);
    await rm(name, { force: true });
    const release = await listen(name);
    // Two that found it left by a dead one may both have come here: the file belongs to the later one.
    const winner = await holderOf(name);
    if (release !== undefined && isSelf(winner)) return () => release().finally(() => handle.close());
    await release?.();
    throw heldBy(directory, winner);
  } catch (cause) {
    await handle.close();
    throw cause;
  }
}

/** @returns undefined when somebody listens there, or did and left its file */
async function listen(name: string): Promise<(() => Promise<void>) | undefined> {
  const asking = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    asking.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => asking.delete(socket));
    socket.unref();
    socket.end(`${process.pid} ${token}\n`);
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

async function holderOf(name: string): Promise<Holder> {
  const socket = net.connect(name).setTimeout(patience, () => socket.destroy());
  let said = '';
  socket.on('data', (bytes) => (said += bytes.toString()));
  try {
    await once(socket, 'close');
  } catch {
    if (said === '') return undefined;
  } finally {
    socket.destroy();
  }
  const { pid, token } = /^(?<pid>\d{1,10}) (?<token>[0-9a-f]{16})\n$/.exec(said)?.groups ?? {};
  return pid === undefined || token === undefined ? 'silent' : { pid, token };
}

function isSelf(holder: Holder): boolean {
  return typeof holder === 'object' && holder.token === token;
}

function heldBy(directory: string, holder: Holder): LockstepError {
  const other = typeof holder === 'object' ? `the process ${holder.pid}` : 'another process, which does not answer';
  return new LockstepError(
    'journal-held',
    `the journal ${directory} is held by ${isSelf(holder) ? `this very process, ${process.pid}` : other}`,
    'One process at a time writes a journal, in whatever container: end the other one, or name another directory.',
  );
}
