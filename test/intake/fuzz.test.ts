import { Agent } from 'node:http';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { modes, type RunRequest } from '../../src/engine/run.js';
import { MemoryAutomation } from '../http/automation.js';
import { send } from '../http/ask.js';
import { listen } from '../http/listener.js';
import { bodies } from './hostile.js';
import { channels, clusters, ground, intake, policy, procedures } from './scene.js';

/** `npm run fuzz` sets more of them, and may set the seed. */
const cases = Number(process.env['LOCKSTEP_FUZZ_CASES'] ?? 2000);
const seed = Number(process.env['LOCKSTEP_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const agent = new Agent({ keepAlive: true, maxSockets: 1 });
afterAll(() => agent.destroy());

const policies = ground(
  policy({ match: ['alertname="ReplicationStopped"', 'cluster="shop"'], run: 'restart-replication', mode: 'auto' }),
  policy({ match: ['alertname=~"Tls.*"'], run: 'require-tls', mode: 'approve', parameters: { over: '14d' } }),
  policy({ match: ['scope=~".+"'], run: 'secure-channel', labels: { server: 'scope', channel: 'over' } }),
);

it(
  `whatever is sent, nothing breaks and nothing unknown is asked for: ${cases} cases, seed ${seed}`,
  async () => {
    const { intake: made, automation, lines, counted } = intake({ ground: () => policies });
    const tokens = [{ name: 'am', role: 'alertmanager' as const, read: () => Promise.resolve(new Secret('right')) }];
    const { url } = await listen({ tokens }, { automation: () => new MemoryAutomation(), alerts: made });
    const deliver = fc.asyncProperty(bodies, fc.integer({ min: 0, max: 19 }), async (body, luck) => {
      const letIn = luck > 0;
      const headers = { 'Content-Type': 'application/json', ...(letIn && { Authorization: 'Bearer right' }) };
      const { status, text } = await send(`${url}/api/v1/alerts`, body, { agent, headers });
      const asked = [...automation.requests.splice(0), ...automation.resolutions.splice(0)];
      // 503: a channel is named of db3, which nobody could look at. The rest of that payload was taken.
      expect(letIn ? [202, 400, 413, 503] : [401]).toContain(status);
      expect(JSON.parse(text)).toHaveProperty(status === 202 ? 'alerts' : 'code');
      if (status !== 202 && status !== 503) expect(asked).toEqual([]);
      for (const one of asked) expect(faultOf(one)).toBeUndefined();
    });
    await fc.assert(deliver, { numRuns: cases, seed, endOnFailure: cases > 10_000 });

    // It was no idle exercise: every result and every refusal came up.
    const results = ['accepted', 'repeated', 'resolved', 'ignored', 'rejected', 'unauthenticated', 'malformed'];
    expect(results.filter((result) => !counted.includes(result as (typeof counted)[number]))).toEqual([]);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      expect(line).toMatch(/^[^\p{Cc}\p{Cs}\p{Cf}\p{Zl}\p{Zp}]*\n$/u);
      expect(JSON.parse(line)).toMatchObject({ level: 40 });
    }
  },
  Math.max(60_000, cases * 20),
);

/** What is wrong with what was asked for. */
function faultOf(asked: Pick<RunRequest, 'procedure' | 'parameters'> & Partial<RunRequest>): string | undefined {
  const specs = procedures.find(({ name }) => name === asked.procedure)?.parameters;
  if (specs === undefined) return `no procedure ${asked.procedure}`;
  if (asked.mode !== undefined && !modes.includes(asked.mode)) return `no mode ${asked.mode}`;
  const { cluster, ...others } = asked.parameters;
  if (!Object.hasOwn(clusters, cluster)) return `no cluster ${cluster}`;
  const servers: readonly string[] = clusters[cluster as keyof typeof clusters];
  for (const [name, value] of Object.entries(others)) {
    const spec = specs.find((one) => one.name === name);
    const right = {
      server: () => servers.includes(value),
      channel: () => channels.get(asked.parameters['server'] ?? '')?.has(value) ?? value === '',
      choice: () => spec?.values?.includes(value) ?? false,
      duration: () => value === '14d',
      // For people to say.
      names: () => false,
    };
    if (spec === undefined || !right[spec.kind]()) return `${asked.procedure} with ${name} ${JSON.stringify(value)}`;
  }
  return undefined;
}
