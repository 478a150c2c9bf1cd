import { afterEach } from 'vitest';
import { silentLog } from '../../src/base/log.js';
import { systemClock, type Clock } from '../../src/base/clock.js';
import { createHttp, type Http, type Patience } from '../../src/http/http.js';
import type { HttpPorts } from '../../src/http/ports.js';
import type { HttpSettings } from '../../src/http/settings.js';

export const open: HttpSettings = {
  listen: { host: '127.0.0.1', port: 0 },
  web: undefined,
  tokens: [],
  roles: [],
  scrapeTimeoutSeconds: 10,
};

/** Ports that answer with what they were asked, as text. */
export const ports: HttpPorts = {
  collectors: ['server', 'replication'],
  targets: () => [
    { cluster: 'shop', server: 'db1', address: { host: '192.0.2.1', port: 3306 } },
    { cluster: 'shop', server: 'db2', address: { host: '2001:db8::2', port: 3307 } },
  ],
  probe: (cluster, server, { collectors, openMetrics }) =>
    Promise.resolve(`# probe ${cluster}/${server} ${collectors?.join(',') ?? 'all'} ${openMetrics}\n`),
  metrics: ({ openMetrics }) => Promise.resolve(`# metrics ${openMetrics}\n`),
  roleOf: (_, server) => Promise.resolve(server === 'db1' ? 'primary' : 'replica'),
  cluster: () => Promise.reject(new Error('no cluster was put there')),
  automation: () => undefined,
  answered: () => undefined,
  ready: () => ({ ready: true }),
  reload: () => Promise.resolve({ reloaded: true }),
};

/** A listener on a free port of 127.0.0.1, stopped when the test ends. */
export async function listen(
  changed: Partial<HttpSettings> = {},
  changedPorts: Partial<HttpPorts> = {},
  clock: Clock = systemClock,
  patience?: Patience,
): Promise<{ readonly url: string; readonly http: Http; readonly settings: HttpSettings }> {
  const settings = { ...open, ...changed };
  const http = createHttp({ ...ports, ...changedPorts }, settings, silentLog, { clock, ...(patience && { patience }) });
  started.push(http);
  return { url: await http.start(), http, settings };
}

const started: Http[] = [];

afterEach(async () => {
  await Promise.all(started.splice(0).map((http) => http.stop(0)));
});
