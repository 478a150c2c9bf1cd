import autocannon from 'autocannon';
import { usageOf } from './process-usage.js';
import { payloadOf, type Alerts } from './storm-alerts.js';

/** What a storm showed. */
export interface Storm {
  /** Alerts and requests that were sent. */
  readonly alerts: number;
  readonly requests: number;
  readonly seconds: number;
  /** Milliseconds until the answer, as percentiles; what a slow answer held up counts as slow too. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly worst: number };
  /** Requests whose answer was no 2xx, or never came. */
  readonly failed: number;
  /** Alerts by what the answers said of them. */
  readonly results: Readonly<Record<string, number>>;
  /** Lockstep's processor time, as a share of one core. */
  readonly cpu: number;
  /** Lockstep's resident memory, bytes, once a second. */
  readonly resident: readonly number[];
}

export interface StormOptions {
  readonly url: string;
  readonly pid: number;
  readonly token: string;
  /** Alerts per second, and how many of them come in one request. */
  readonly rate: number;
  readonly group: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Connections of Alertmanagers: each sends its next request when the last was answered. */
const connections = 20;

/** Sends the alerts, and collects what is said of each. */
export async function storm(alerts: Alerts, options: StormOptions): Promise<Storm> {
  const { url, pid, token, rate, group, seconds, signal } = options;
  const amount = Math.ceil((rate * seconds) / group);
  const results: Record<string, number> = {};
  const resident: number[] = [];
  let answered = 0;
  const before = usageOf(pid);
  const began = performance.now();
  const sampler = setInterval(() => resident.push(usageOf(pid).residentBytes), 1000);
  const instance = autocannon({
    url: `${url}/api/v1/alerts`,
    connections,
    overallRate: rate / group,
    amount,
    timeout: 30,
    requests: [
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'user-agent': 'Alertmanager/0.33.1' }, // prettier-ignore
        setupRequest: (request, context) => {
          const chosen = alerts.next(group);
          Object.assign(context, { chosen });
          return { ...request, body: payloadOf(chosen) };
        },
        onResponse: (status, body, context) => {
          answered += 1;
          if (status < 200 || status > 299) return;
          const { chosen } = context as { readonly chosen: Alerts['episodes'] };
          const answer = JSON.parse(body) as { readonly alerts: readonly { readonly result: string; readonly run?: string }[] }; // prettier-ignore
          for (const [index, { result, run }] of answer.alerts.entries()) {
            results[result] = (results[result] ?? 0) + 1;
            if (run !== undefined) chosen[index]?.runs.add(run);
          }
        },
      },
    ],
  });
  const stop = () => (instance as unknown as { stop(): void }).stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const result = await instance;
    signal.throwIfAborted();
    const after = usageOf(pid);
    const elapsed = (performance.now() - began) / 1000;
    return {
      alerts: alerts.sent,
      requests: answered,
      seconds: elapsed,
      latency: { p50: result.latency.p50, p99: result.latency.p99, worst: result.latency.max },
      failed: result.non2xx + result.errors + result.timeouts,
      results,
      cpu: (after.cpuSeconds - before.cpuSeconds) / elapsed,
      resident,
    };
  } finally {
    clearInterval(sampler);
    signal.removeEventListener('abort', stop);
  }
}
