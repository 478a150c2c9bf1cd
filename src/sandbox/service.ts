import { createServer } from 'node:net';
import path from 'node:path';
import type { Scope } from '../base/scope.js';
import { takeDirectory } from './directories.js';
import type { SandboxServer } from './server.js';

/** How long a server that does not stop by itself is waited for, milliseconds. */
const grace = 3000;

/**
 * What `systemctl restart` is elsewhere: the words of a command that restarts the server, which stays a child of this
 * process. Like it, it ends with 0 once the server is up, and with 1 and a line of its reason where it does not come up.
 * @param restart how. Default: it is stopped and started
 */
export async function serviceOf(
  scope: Scope,
  server: SandboxServer,
  restart: () => Promise<void> = () => server.restart(grace),
): Promise<readonly string[]> {
  const socket = path.join(await takeDirectory(scope), 'service');
  const listener = createServer((connection) => {
    connection.on('error', () => undefined);
    restart().then(
      () => connection.end('0'),
      (failure: unknown) => connection.end(String(failure)),
    );
  });
  await new Promise<void>((resolve, reject) => listener.once('error', reject).listen(socket, resolve));
  scope.defer(() => void listener.close());
  return [process.execPath, '--eval', client, socket];
}

// One line: a word of a command holds no other.
const client = [
  "let said = ''",
  "const way = require('node:net').connect(process.argv[1])",
  "way.on('data', (bytes) => (said += bytes)).on('error', (error) => (said = String(error)))",
  "way.on('close', () => { if (said !== '0') { console.error(said); process.exitCode = 1 } })",
].join('; ');
