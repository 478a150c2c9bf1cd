import { describe, expect, it } from 'vitest';
import type { invariants } from '../live/chaos/invariants.js';
import { lostOf, violationsOf } from '../live/chaos/invariants.js';
import type { Evidence } from '../live/chaos/history.js';
import { attempt, goodEvidence, row, sample, withServer } from './evidence.js';

const good = goodEvidence();
const [primary] = good.servers.filter(({ writable }) => writable);
if (primary === undefined) throw new Error('no primary');
const { rows } = primary;

/** Histories that are wrong in exactly one way, by the invariant that must see it. */
const wrong: Readonly<Record<keyof typeof invariants, Readonly<Record<string, Evidence>>>> = {
  'no acknowledged write is lost': {
    'on one replica': withServer(good, 'db3', { rows: rows.slice(1) }),
    'on the primary, its very last': withServer(good, 'db2', { rows: rows.slice(0, -1) }),
    'one more than was declared': {
      ...everywhere(good, rows.slice(2)),
      losses: [{ since: Infinity, until: Infinity, transactions: 1 }],
    },
    'before the time that was declared': {
      ...everywhere(good, rows.slice(0, -2)),
      losses: [{ since: 55, until: 100, transactions: 0 }],
    },
    'after the next primary was opened': {
      ...everywhere(good, rows.slice(0, -1)),
      losses: [{ since: 0, until: 55, transactions: 0 }],
    },
  },
  'nothing is there that nobody wrote': {
    'a number that was never tried': everywhere(good, [...rows, row(99, 2)]),
    'another writer': withServer(good, 'db1', { rows: [...rows, { ...row(1, 1), writer: 2 }] }),
  },
  'what was refused is not there': {
    'a refused write that came through': everywhere(good, [...rows, row(7, 2)]),
  },
  'never do two servers acknowledge': {
    'the old primary once more after the new one': everywhere(good, [
      ...rows.slice(0, 2),
      row(4, 2),
      { ...row(3, 1), at: 45_000 },
      row(5, 2),
      row(6, 2),
    ]),
    'a server that was never promoted': everywhere(good, [...rows.slice(0, 5), row(6, 3)]),
    'writes to the new primary although nothing was promoted': { ...good, primaries: ['db1'] },
    'back at the first without a promotion': everywhere(good, [...rows.slice(0, 5), row(6, 1)]),
    'a write that is lost, by the word of its client': {
      ...good,
      attempts: [
        ...good.attempts.map((one) => ({ ...one, server: one.seq <= 3 ? 1 : 2 })),
        { ...attempt(8), server: 1 },
      ],
      losses: [{ since: 0, until: 100, transactions: 0 }],
    },
  },
  'never are two servers writable': {
    'both asked in turns': {
      ...good,
      samples: [sample('db1', 0, true), sample('db2', 10, true), sample('db1', 20, true)],
    },
    'the old one opened again under the new one': {
      ...good,
      samples: [...good.samples, sample('db1', 80, true), sample('db2', 90, true), sample('db1', 100, true)],
    },
  },
  'one server is writable in the end': {
    none: withServer({ ...good, servers: good.servers.map((one) => ({ ...one, channels: [] })) }, 'db2', {
      writable: false,
    }),
    two: withServer(good, 'db3', { writable: true, channels: [] }),
  },
  'all servers hold the same': { 'another checksum': withServer(good, 'db3', { checksum: '4712' }) },
  'no transaction is errant': {
    'a transaction of its own': withServer(good, 'db1', {
      transactions: { text: '0-1-4', missingFrom: { db1: '', db2: '0-1-4', db3: '0-1-4' } },
    }),
  },
  'every replica follows the primary': {
    'one that stands': withServer(good, 'db3', { channels: [channel('db3', { sql: 'No' })] }),
    'one at the old primary': withServer(good, 'db3', { channels: [channel('db3', { sourcedFrom: 'db1' })] }),
    'one that follows nobody': withServer(good, 'db3', { channels: [] }),
    'a primary that still replicates': withServer(good, 'db2', { channels: [channel('db2', {})] }),
  },
  'every link is verified TLS': {
    'verification is gone': withServer(good, 'db1', {
      channels: [channel('db1', { tls: tlsOf('db1').replace('Verify_Server_Cert=Yes', 'Verify_Server_Cert=No') })],
    }),
    'another certificate authority': withServer(good, 'db1', { channels: [channel('db1', { tls: tlsOf('db3') })] }),
    'a stream in plaintext': withServer(good, 'db2', { plaintextStreams: 1 }),
  },
  'nothing is left behind': {
    'a session': withServer(good, 'db1', { held: ['lockstep_operate sleeps'] }),
    'a setting': withServer(good, 'db2', { changed: ['MAX_CONNECTIONS: 100 -> 10'] }),
  },
  'the journal is true': {
    'a broken chain': { ...good, journal: { ok: false, why: 'the entry 12 does not follow' } },
    'a run that never ends': { ...good, runs: [run('running')] },
    'a human is needed and nobody is told': { ...good, runs: [run('needs-human')] },
    'an alarm about nothing': { ...good, alarmed: 1 },
  },
};

it('has nothing against a round in which all was well', () => {
  expect(violationsOf(good)).toEqual([]);
});

it('lets unknown writes be there or not', () => {
  const unknown = { ...attempt(8), outcome: 'unknown' as const };
  expect(violationsOf({ ...good, attempts: [...good.attempts, unknown] })).toEqual([]);
  expect(violationsOf({ ...everywhere(good, [...rows, row(8, 2)]), attempts: [...good.attempts, unknown] })).toEqual(
    [],
  );
});

it('allows a loss that was declared, and a human who is called', () => {
  const lost = everywhere(good, rows.slice(1));
  expect(lostOf(lost)).toBe(1);
  for (const loss of [
    { since: Infinity, until: Infinity, transactions: 1 },
    { since: 0, until: 20, transactions: 0 },
  ])
    expect(violationsOf({ ...lost, losses: [loss] })).toEqual([]);
  expect(violationsOf({ ...good, runs: [run('needs-human')], alarmed: 1 })).toEqual([]);
});

it('lets a primary that nobody stopped stay open, as long as it acknowledges nothing', () => {
  const samples = [sample('db1', 0, true), sample('db2', 10, true), sample('db1', 20, true)];
  expect(violationsOf({ ...good, samples, fenced: false })).toEqual([]);
});

it('lets a primary come back after another', () => {
  const back = everywhere(good, [...rows.slice(0, 5), row(6, 1)]);
  expect(violationsOf({ ...back, primaries: ['db1', 'db2', 'db1'] })).toEqual([]);
  // One that had no writes in its time is passed over.
  expect(violationsOf({ ...good, primaries: ['db1', 'db3', 'db2'] })).toEqual([]);
});

it('takes no answer for more than it says', () => {
  // db1 may have been closed and db2 opened in between.
  const samples = [sample('db1', 0, true), sample('db2', 10, true), sample('db1', 20, false)];
  expect(violationsOf({ ...good, samples })).toEqual([]);
  // Answers that were under way at once prove nothing.
  const slow = [sample('db1', 0, true), { ...sample('db2', 10, true), answeredAt: 25 }, sample('db1', 20, true)];
  expect(violationsOf({ ...good, samples: slow })).toEqual([]);
});

for (const [invariant, histories] of Object.entries(wrong))
  describe(invariant, () => {
    for (const [title, evidence] of Object.entries(histories))
      it(`sees ${title}`, () => {
        expect(violationsOf(evidence).map((one) => one.invariant)).toContain(invariant);
      });
  });

function everywhere(evidence: Evidence, held: Evidence['servers'][number]['rows']): Evidence {
  return { ...evidence, servers: evidence.servers.map((one) => ({ ...one, rows: held })) };
}

function tlsOf(name: string): string {
  return good.channelTls[name] ?? '';
}

function channel(name: string, change: Partial<Evidence['servers'][number]['channels'][number]>) {
  return { sourcedFrom: 'db2', io: 'Yes', sql: 'Yes', error: '', tls: tlsOf(name), ...change };
}

function run(state: string) {
  return { id: 'b', procedure: 'switchover', state, outcome: undefined, why: 'it waits' };
}
