import type { Window } from './fleet-run.js';
import { median, percentile } from './statistics.js';
import { fixed, tableText, verdict } from './table.js';

/** Of one core, per cent. */
const cpuTarget = 70;
/** Megabytes of a million bytes. */
const residentTarget = 400;
/** Milliseconds. */
const latencyTarget = 250;

export function fleetText(servers: number, interval: number, windows: readonly Window[]): string {
  const head = `${servers} servers in ${Math.ceil(servers / 2)} clusters, each probed every ${interval} s by one Lockstep, over TLS`;
  return [head, '', windowsTable(windows), '', ...windows.flatMap(verdictsOf), ...shares(windows)].join('\n');
}

export function curveText(windows: readonly Window[]): string {
  return ['The growth curve: probes and /metrics, shorter windows', '', windowsTable(windows)].join('\n');
}

function windowsTable(windows: readonly Window[]): string {
  const heads = ['', 'CPU of a core', 'RSS', 'probes', 'errors', 'p50', 'p99', '/metrics p50', 'worst', 'failed'];
  return tableText(
    heads,
    windows.map((window) => [
      window.title,
      `${fixed(window.cpu * 100)} %`,
      `${fixed(window.residentBytes / 1e6, 0)} MB`,
      String(window.milliseconds.length),
      String(window.errors),
      `${fixed(median(window.milliseconds))} ms`,
      `${fixed(percentile(window.milliseconds, 99))} ms`,
      ...pagesOf(window),
    ]),
  );
}

function pagesOf({ pages }: Window): string[] {
  if (pages.length === 0) return ['-', '-', '-'];
  const came = pages.filter((page) => !Number.isNaN(page));
  return [`${fixed(median(came), 0)} ms`, `${fixed(percentile(came, 100), 0)} ms`, String(pages.length - came.length)];
}

function verdictsOf(window: Window): string[] {
  return [
    verdict(`${window.title}: CPU`, window.cpu * 100, cpuTarget, ' % of one core'),
    verdict(`${window.title}: RSS`, window.residentBytes / 1e6, residentTarget, ' MB'),
    verdict(`${window.title}: p99 of a probe`, percentile(window.milliseconds, 99), latencyTarget, ' ms'),
    verdict(`${window.title}: errors`, window.errors, 0),
  ];
}

function shares([alone, whole]: readonly Window[]): string[] {
  if (alone === undefined || whole === undefined) return [];
  return ['', `Of the CPU, /metrics costs ${fixed((whole.cpu - alone.cpu) * 100)} % of a core.`];
}
