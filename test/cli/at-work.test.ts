import { createServer, request } from 'node:http';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { atWork } from '../../src/cli/at-work.js';
import { loadConfig } from '../../src/config/load.js';
import { controlSocket } from '../../src/http/control-socket.js';
import { Instance } from './instance.js';

const closing: (() => void)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));

/** The real instance behind it, of which one route is not there, as in one that is older. */
async function without(route: string, socket: string, real: string): Promise<void> {
  const server = createServer((incoming, response) => {
    const asked = incoming.url?.startsWith(route) === true ? '/api/v1/not-there-yet' : incoming.url;
    const onwards = request({ socketPath: real, host: 'localhost', path: asked, method: incoming.method }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    onwards.on('error', () => response.destroy());
    incoming.pipe(onwards);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
}

const socketOf = ({ folder }: Instance) => controlSocket(path.join(folder, 'journal'));

it('tells what an older Lockstep knows, which knows of no withdrawals', async () => {
  const [real, older] = [await new Instance().start(), new Instance()];
  await without('/api/v1/withdrawals', socketOf(older), socketOf(real));
  const work = await atWork(await loadConfig(older.config));
  expect(work).toEqual({ runs: [], pauses: [], downtimes: [], withdrawals: [] });
});

it('is unknown where another part of it is not told', async () => {
  const [real, broken] = [await new Instance().start(), new Instance()];
  await without('/api/v1/downtime', socketOf(broken), socketOf(real));
  expect(await atWork(await loadConfig(broken.config))).toMatchObject({ unknown: expect.any(String) as unknown });
});
