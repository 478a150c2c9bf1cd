import { Agent } from 'node:http';
import { expect, it } from 'vitest';
import { ask } from './ask.js';
import { listen } from './listener.js';

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

it('lets running requests end, refuses new ones, and closes idle connections', async () => {
  const begun = gate();
  const finish = gate();
  const { url, http } = await listen(
    {},
    {
      metrics: async () => {
        begun.open();
        await finish.opened;
        return 'x'.repeat(3_000_000);
      },
    },
  );
  const agent = new Agent({ keepAlive: true });
  await ask(`${url}/-/healthy`, { agent });
  const running = ask(`${url}/metrics`);
  await begun.opened;
  const stopped = http.stop(10_000);
  await expect(ask(`${url}/-/healthy`)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  finish.open();
  expect((await running).bytes.length).toBe(3_000_000);
  await stopped;
  expect(http.stop()).toBe(http.stop());
  agent.destroy();
});

it('waits for a request that hangs no longer than it was told', async () => {
  const begun = gate();
  const { url, http } = await listen({}, { metrics: () => (begun.open(), new Promise(() => undefined)) });
  const running = ask(`${url}/metrics`);
  running.catch(() => undefined);
  await begun.opened;
  await http.stop(100);
  await expect(running).rejects.toMatchObject({ code: 'ECONNRESET' });
});

it('stops before it started, and says what is in the way of starting', async () => {
  const { url, settings } = await listen();
  const taken = { listen: { host: '127.0.0.1', port: Number(new URL(url).port) } };
  await expect(listen({ ...settings, ...taken })).rejects.toMatchObject({
    code: 'listen-failed',
    message: expect.stringMatching(/^cannot listen on 127\.0\.0\.1:\d+: something listens there already$/) as string,
  });
});
