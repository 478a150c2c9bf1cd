import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { controlSocket } from '../../src/http/control-socket.js';
import { createControl } from '../../src/http/control.js';
import { ask, send } from './ask.js';
import { MemoryAutomation } from './automation.js';
import { open, ports } from './listener.js';
import { EventReader } from './sse.js';

const folder = mkdtempSync(path.join(tmpdir(), 'lockstep-control-'));
const socketPath = controlSocket(folder);
const opened: ReturnType<typeof createControl>[] = [];

afterEach(async () => {
  await Promise.all(opened.splice(0).map((control) => control.stop(0)));
});

function control(socket = socketPath, automation = new MemoryAutomation()) {
  const made = createControl({ ...ports, automation: () => automation }, () => open, socket, silentLog);
  opened.push(made);
  return { control: made, automation };
}

const wish = { procedure: 'restart-replication', parameters: { cluster: 'shop', server: 'db2' } };

it('lets the owner of the socket act, known as local, although nobody else could', async () => {
  const { control: made, automation } = control();
  await made.start();
  expect(statSync(socketPath).mode & 0o777).toBe(0o600);
  const answer = await send('http://localhost/api/v1/runs', JSON.stringify(wish), {
    socketPath,
    headers: { 'Content-Type': 'application/json' },
  });
  expect(answer.status).toBe(201);
  expect(automation.runs()).toMatchObject([{ trigger: { by: `local:${userInfo().username}` } }]);
  expect((await ask('http://localhost/-/healthy', { socketPath })).text).toBe('healthy\n');
});

it('takes the place of what a dead instance left', async () => {
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(socketPath, resolve));
  const { control: made } = control();
  await made.start();
  expect((await ask('http://localhost/api/v1/runs', { socketPath })).text).toBe('{"runs":[]}');
  await new Promise((resolve) => dead.close(resolve));
});

it('is gone when it has stopped, and ends its streams', async () => {
  const { control: made, automation } = control();
  await made.start();
  const reader = await EventReader.open('http://localhost/api/v1/events', { socketPath });
  await reader.until(1);
  await made.stop(10_000);
  await reader.end();
  expect(automation.listeners).toBe(0);
  expect(existsSync(socketPath)).toBe(false);
  rmSync(folder, { recursive: true });
});

it('says what is wrong with its place', async () => {
  const long = control(path.join(folder, 'x'.repeat(120), 'control.sock'));
  await expect(long.control.start()).rejects.toMatchObject({
    code: 'listen-failed',
    message: expect.stringContaining("a socket's may have 107") as string,
  });
  const nowhere = control(path.join(folder, 'nowhere', 'control.sock'));
  await expect(nowhere.control.start()).rejects.toMatchObject({ code: 'listen-failed' });
  await nowhere.control.stop();
});
