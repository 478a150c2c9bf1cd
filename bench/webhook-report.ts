import { percentile } from './statistics.js';
import { fixed, tableText, verdict } from './table.js';
import type { WebhookOptions, Weathered } from './webhook-run.js';

/** Milliseconds. */
const latencyTarget = 100;
/** How much more memory there may be in the last quarter than in the second, per cent: what is kept warm is there by then. */
const growthTarget = 10;

export function webhookText(
  { storm, episodes, runs, counted, verified }: Weathered,
  { rate, group, seconds }: WebhookOptions,
): string {
  const lost = storm.alerts - sum(storm.results);
  const missing = episodes.filter((episode) => runsOf(episode).length === 0).length;
  const twice = episodes.filter((episode) => runsOf(episode).length > 1 || episode.runs.size > 1).length;
  const quarter = Math.floor(storm.resident.length / 4);
  const early = middle(storm.resident.slice(quarter, 2 * quarter));
  const late = middle(storm.resident.slice(-quarter));
  const outcomes = new Map<string, number>();
  for (const { outcome = 'open', guard } of runs) {
    const words = guard === undefined ? outcome : `${outcome} by ${guard.guard}`;
    outcomes.set(words, (outcomes.get(words) ?? 0) + 1);
  }
  const heads = ['', 'alerts', 'requests', 'seconds', 'p50', 'p99', 'worst', 'CPU of a core', 'RSS'];
  const row = [
    `${rate} alerts/s, ${group} in a request`,
    String(storm.alerts),
    String(storm.requests),
    fixed(storm.seconds),
    `${fixed(storm.latency.p50, 0)} ms`,
    `${fixed(storm.latency.p99, 0)} ms`,
    `${fixed(storm.latency.worst, 0)} ms`,
    `${fixed(storm.cpu * 100)} %`,
    `${fixed(early / 1e6, 0)} to ${fixed(late / 1e6, 0)} MB`,
  ];
  return [
    `${rate} alerts per second for ${seconds} s, ${episodes.length} new episodes among them, mode plan, one Lockstep with its journal`,
    '',
    tableText(heads, [row]),
    '',
    `alerts by what the answers said: ${shown(storm.results)}; by Lockstep's own counters: ${shown(counted)}`,
    `runs after a kill and a restart: ${shown(Object.fromEntries(outcomes))}; journal: ${verified}`,
    '',
    verdict('requests that failed', storm.failed, 0),
    verdict('alerts that nothing was said of', lost, 0),
    verdict('episodes without a run after the restart', missing, 0),
    verdict('episodes with two runs', twice, 0),
    verdict('runs of nothing that was sent', runs.length - episodes.flatMap(runsOf).length, 0),
    verdict('p99 of an answer', storm.latency.p99, latencyTarget, ' ms'),
    verdict('memory that was added in the second half', ((late - early) / early) * 100, growthTarget, ' %'),
  ].join('\n');

  function runsOf({ cluster, server }: { readonly cluster: string; readonly server: string }) {
    return runs.filter(({ parameters }) => parameters['cluster'] === cluster && parameters['server'] === server);
  }
}

function middle(values: readonly number[]): number {
  return percentile(values, 50);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function shown(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([a], [b]) => a.localeCompare(b))
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
