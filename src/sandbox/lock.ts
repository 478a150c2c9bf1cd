import net from 'node:net';

/**
 * Hold a name that all processes of this machine know, run `work`, let go.
 *
 * The name is an abstract Unix socket: the kernel frees it when its holder dies, whatever way, so a crash leaves no
 * lock behind. Whoever waits is connected to the holder and is woken by that connection's end.
 */
export async function locked<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const release = await hold(name, signal);
  try {
    return await work();
  } finally {
    await release();
  }
}

/** Take `name` if it is free, without waiting. Gives the release, or undefined when another holds it. */
export function tryHold(name: string): Promise<(() => Promise<void>) | undefined> {
  return new Promise((resolve, reject) => {
    const waiting = new Set<net.Socket>();
    const server = net.createServer((socket) => {
      waiting.add(socket);
      socket.unref();
      socket.on('error', () => undefined);
      socket.on('close', () => waiting.delete(socket));
    });
    server.unref(); // holding a name keeps nobody alive
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(`\0lockstep-sandbox/${name}`, () =>
      resolve(
        () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of waiting) socket.destroy();
          }),
      ),
    );
  });
}

async function hold(name: string, signal?: AbortSignal): Promise<() => Promise<void>> {
  for (;;) {
    signal?.throwIfAborted();
    const release = await tryHold(name);
    if (release !== undefined) return release;
    await untilReleased(name, signal);
  }
}

/** Settles when the holder closes or dies; at once when there is none. */
function untilReleased(name: string, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(`\0lockstep-sandbox/${name}`);
    const give = () => socket.destroy();
    signal?.addEventListener('abort', give, { once: true });
    socket.resume();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      signal?.removeEventListener('abort', give);
      resolve();
    });
  });
}
