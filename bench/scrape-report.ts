import type { VersionName } from '../src/sandbox/versions.js';
import { pairings, type Pairing } from './contenders.js';
import type { Counters } from './server-counters.js';
import { median, percentile } from './statistics.js';
import { fixed, tableText, verdict } from './table.js';

/** What was measured of one contender in one pairing. */
export interface Measured {
  readonly contender: string;
  readonly pairing: Pairing;
  /** One entry per timed scrape. */
  readonly milliseconds: readonly number[];
  /** Processor time of the contender per scrape. */
  readonly cpuMilliseconds: number;
  /** After the scrapes of this pairing. */
  readonly residentBytes: number;
  /** Per scrape, by the server's own count. */
  readonly statements: number;
  readonly connections: number;
  /** Of one answer, compressed. */
  readonly bodyBytes: number;
  /** Whether the answer held the state of replication at all. */
  readonly complete: boolean;
}

const titles: Readonly<Record<Pairing, string>> = {
  everything:
    'Everything: slave_status, global_status, global_variables and heartbeat; Lockstep with all that it offers for a server',
  replication: 'Replication alone: slave_status; Lockstep with collect[]=replication',
};

/** At most so much of the peer's median and p99. */
const latencyTargets: Readonly<Record<Pairing, number>> = { everything: 1 / 3, replication: 0.6 };
/** Megabytes of a million bytes. */
const residentTarget = 110;

/** @param first what Lockstep's very first scrape cost, with its login */
export function report(version: VersionName, scrapes: number, measured: readonly Measured[], first: Counters): string {
  const head = `${version}: one replica, ${scrapes} scrapes of each, alternating, over TLS; HTTP kept alive, gzip`;
  const usual = measured.find((one) => one.pairing === 'everything')?.statements ?? NaN;
  const renewal = `A renewal of Lockstep's session, about once a minute, comes on top: ${first.connections} connection and ${fixed(first.statements - usual, 0)} statements.`;
  return [head, ...pairings.map((pairing) => pairingText(pairing, measured.filter((one) => one.pairing === pairing))), renewal].join('\n\n'); // prettier-ignore
}

function pairingText(pairing: Pairing, measured: readonly Measured[]): string {
  const [own, ...peers] = measured;
  if (own === undefined) return titles[pairing];
  const heads = ['', 'median', 'p99', 'statements', 'connections', 'CPU', 'RSS', 'answer'];
  const rows = measured.map((one) => [
    one.contender,
    `${fixed(median(one.milliseconds), 2)} ms`,
    `${fixed(percentile(one.milliseconds, 99), 2)} ms`,
    fixed(one.statements, 2),
    fixed(one.connections, 2),
    `${fixed(one.cpuMilliseconds, 2)} ms`,
    `${fixed(one.residentBytes / 1e6, 0)} MB`,
    `${fixed(one.bodyBytes / 1000, 1)} kB`,
  ]);
  const ratios = peers.map((peer) => {
    const ratio = ratiosTo(own, peer);
    return [`ratio to ${peer.contender}`, ...[ratio.median, ratio.p99, NaN, NaN, ratio.cpu, ratio.resident].map((value) => fixed(value, 2))]; // prettier-ignore
  });
  return [titles[pairing], '', tableText(heads, [...rows, ...ratios]), '', ...verdicts(pairing, own, peers)].join('\n');
}

function ratiosTo(own: Measured, peer: Measured) {
  return {
    median: median(own.milliseconds) / median(peer.milliseconds),
    p99: percentile(own.milliseconds, 99) / percentile(peer.milliseconds, 99),
    cpu: own.cpuMilliseconds / peer.cpuMilliseconds,
    resident: own.residentBytes / peer.residentBytes,
  };
}

function verdicts(pairing: Pairing, own: Measured, peers: readonly Measured[]): string[] {
  const latency = Number(latencyTargets[pairing].toFixed(2));
  const lines = peers.flatMap((peer) => {
    if (!peer.complete) return [`  -       ${peer.contender} brings no state of replication here: nothing to compare`];
    const ratio = ratiosTo(own, peer);
    return [
      verdict(`median, of ${peer.contender}'s`, ratio.median, latency),
      verdict(`p99, of ${peer.contender}'s`, ratio.p99, latency),
      ...(pairing === 'everything' ? [verdict(`CPU per scrape, of ${peer.contender}'s`, ratio.cpu, 1)] : []),
    ];
  });
  return [
    ...lines,
    // A fresh login about once a minute is by design; while the scrapes were counted one may have fallen due.
    verdict('new connections per scrape (renewals come about once a minute)', own.connections, 0.02),
    verdict('resident memory', own.residentBytes / 1e6, residentTarget, ' MB'),
    ...(own.complete ? [] : ['  MISSED  Lockstep itself did not bring what was asked']),
  ];
}
