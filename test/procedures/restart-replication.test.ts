import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columns, columnFor } from '../../src/dialects/capabilities.js';
import { knownErrors } from '../../src/domain/replication-errors.js';
import type { Channel, ClusterSnapshot, Flavour } from '../../src/domain/snapshot.js';
import { actionLines } from '../../src/engine/plan-text.js';
import { restartReplication as procedure } from '../../src/procedures/restart-replication.js';
import { channel, down, healthy, lookedAt, withChannel, withFacts, withGtid, withSection } from '../domain/build.js';
import { goldenPlans } from './golden.js';
import { clusterOf, of, sceneOf, seenOf } from './scenes.js';

const newest = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};

/** An error number on a thread of db2 that stands. */
function stopped(io: number | undefined, sql: number | undefined): Partial<Channel> {
  const error = (errno: number) => (errno === 0 ? undefined : { errno, message: 'said so', time: undefined });
  return {
    ...(io === undefined ? {} : { io: 'stopped', ioError: error(io) }),
    ...(sql === undefined ? {} : { sql: 'stopped', sqlError: error(sql) }),
    lagSeconds: undefined,
  };
}

function broken(flavour: Flavour, io: number | undefined, sql: number | undefined): ClusterSnapshot {
  return withChannel(clusterOf(newest[flavour]), 'db2', stopped(io, sql));
}

const reasons = (snapshot: ClusterSnapshot, parameters = of('db2')) =>
  procedure.refusals(sceneOf(snapshot), parameters).map(({ reason }) => reason);
const asked = (snapshot: ClusterSnapshot) => procedure.asks?.(sceneOf(snapshot), of('db2'));
const need = (snapshot: ClusterSnapshot, parameters = of('db2')) => procedure.needed(sceneOf(snapshot), parameters);
const stepOf = (snapshot: ClusterSnapshot, parameters = of('db2')) => {
  const [step, ...others] = procedure.steps(sceneOf(snapshot), parameters);
  if (step === undefined || others.length > 0) throw new Error(`${others.length} more steps than one`);
  return step;
};

describe.each(['mariadb', 'mysql'] as const)('restart-replication on %s', (flavour) => {
  const well = clusterOf(newest[flavour]);

  it.each([
    ['a deadlock', 1213],
    ['a lock wait', 1205],
    ['a full disk', 1114],
    ['a lost connection while applying', 2013],
  ])('starts the SQL thread again after %s, without asking', (_, errno) => {
    const snapshot = broken(flavour, undefined, errno);
    expect(need(snapshot).observed).toBe('yes');
    expect(reasons(snapshot)).toEqual([]);
    expect(asked(snapshot)).toBeUndefined();
    expect(stepOf(snapshot).attempts).toBe(4);
  });

  it.each([
    ['access-denied', 1045],
    ['access-denied', 1130],
    ['access-denied', 1129],
    ['access-denied', 1698],
    ['access-denied', 2061],
    ['tls-failed', 2026],
    ['wrong-settings', 1593],
    ['place-lost', 1236],
    ['unknown-error', 9999],
  ])('refuses with %s when the IO thread stopped with %i, and says what to do', (reason, errno) => {
    const [refusal, ...others] = procedure.refusals(sceneOf(broken(flavour, errno, undefined)), of('db2'));
    expect(others).toEqual([]);
    expect(refusal?.reason).toBe(reason);
    expect(refusal?.why).toContain(`the IO thread of db2 stopped with error ${errno}`);
    expect(refusal?.why).toContain('said so');
    expect(refusal?.remedy).toMatch(/\.$/);
  });

  it.each([
    ['data-error', 1062],
    ['data-error', 1032],
    ['data-error', 1146],
    ['data-error', 1396],
    ['relay-log-unreadable', 1594],
    ['unknown-error', 9999],
  ])('refuses with %s when the SQL thread stopped with %i', (reason, errno) => {
    expect(reasons(broken(flavour, undefined, errno))).toEqual([reason]);
    expect(reasons(broken(flavour, 0, errno))).toEqual([reason]);
    const [refusal] = procedure.refusals(sceneOf(broken(flavour, undefined, errno)), of('db2'));
    if (errno !== 9999) expect(refusal?.remedy).toContain('rebuild-replica');
  });

  it('names both threads when neither can go on', () => {
    expect(reasons(broken(flavour, 1236, 1062))).toEqual(['place-lost', 'data-error']);
  });

  it.each([
    ['both threads', 0, 0, 'both threads of db2 stand without an error'],
    ['the IO thread', 0, undefined, 'the IO thread of db2 stands without an error'],
    ['the SQL thread', undefined, 0, 'the SQL thread of db2 stands without an error'],
    ['the IO thread beside a failed applier', 0, 1213, 'the IO thread of db2 stands without an error'],
  ])('asks before it overrules who stopped %s', (_, io, sql, sentence) => {
    const snapshot = broken(flavour, io, sql);
    expect(need(snapshot).observed).toBe('yes');
    expect(reasons(snapshot)).toEqual([]);
    expect(asked(snapshot)).toContain(sentence);
  });

  it('does not start what is connecting, whatever the number says', () => {
    const connecting = (errno: number) =>
      withChannel(well, 'db2', { io: 'connecting', ioError: { errno, message: '', time: undefined } });
    expect([2003, 2013, 1040].flatMap((errno) => reasons(connecting(errno)))).toEqual(
      Array(3).fill('source-unreachable'),
    );
    expect(reasons(connecting(1045))).toEqual(['access-denied']);
    expect(reasons(connecting(2026))).toEqual(['tls-failed']);
    expect(reasons(connecting(9999))).toEqual(['unknown-error']);
    expect(need(connecting(2003))).toEqual({
      observed: 'yes',
      why: expect.stringContaining('db1.example:3306') as unknown,
    });
    expect(procedure.steps(sceneOf(connecting(2003)), of('db2'))).toEqual([]);
  });

  it('waits for what it cannot see', () => {
    expect(need(down(well, 'db2'))).toEqual({
      observed: 'unknown',
      why: expect.stringContaining('connection refused') as unknown,
    });
    expect(need(withFacts(well, 'db2', { channels: undefined })).observed).toBe('unknown');
    expect(need(withChannel(well, 'db2', { io: 'connecting' })).observed).toBe('unknown');
    const orphan = down(broken(flavour, 0, undefined), 'db1');
    expect(need(orphan)).toEqual({
      observed: 'unknown',
      why: expect.stringContaining('connection refused') as unknown,
    });
    // An applier can go on without its source, and what must be refused need not wait.
    expect(need(down(broken(flavour, undefined, 1213), 'db1')).observed).toBe('yes');
    expect(need(down(broken(flavour, 1236, undefined), 'db1')).observed).toBe('yes');
  });

  it('has nothing to do for threads that run, and for a channel that is not there', () => {
    expect(need(well)).toEqual({ observed: 'no', why: 'both threads of db2 run' });
    expect(need(well, of('db2', { channel: 'east' }))).toEqual({
      observed: 'no',
      why: 'db2 has no channel "east"',
    });
    expect(need(well, of('db1')).observed).toBe('no');
  });

  it('refuses to lose its place, and to go on in plaintext', () => {
    const purged = withSection(
      withChannel(broken(flavour, 0, undefined), 'db2', { gtid: { mode: 'off', received: undefined } }),
      'db1',
      'binlog',
      { files: [{ name: 'bin.000009', bytes: 1 }], current: { file: 'bin.000009', position: 4 } },
    );
    expect(reasons(purged)).toEqual(['place-lost']);

    const careless = withChannel(broken(flavour, 0, undefined), 'db2', ({ tls }) => ({
      tls: { ...tls, verify: false },
    }));
    const bare = withSection(
      withSection(careless, 'db1', 'tls', { haveSsl: 'DISABLED', required: false }),
      'db1',
      'accounts',
      { streaming: [] },
    );
    // MySQL refuses such a source by itself.
    expect(reasons(bare)).toEqual(flavour === 'mariadb' ? ['source-without-tls'] : []);
    expect(reasons(careless)).toEqual([]);
  });

  it('starts only the channel that it is told, and of that only the thread that stands', () => {
    const snapshot = withFacts(well, 'db2', {
      channels: [
        { ...channel(flavour, 1), ...stopped(0, 0) },
        { ...channel(flavour, 3), ...stopped(undefined, 1213), name: 'east' },
      ],
    });
    const [action, ...others] = stepOf(snapshot, of('db2', { channel: 'east' })).plan;
    expect(others).toEqual([]);
    expect(action && actionLines(action)).toEqual([
      flavour === 'mysql' ? "db2: START REPLICA SQL_THREAD FOR CHANNEL 'east';" : "db2: START SLAVE 'east' SQL_THREAD;",
    ]);
    expect(procedure.asks?.(sceneOf(snapshot), of('db2', { channel: 'east' }))).toBeUndefined();
  });

  describe('is done', () => {
    const before = withGtid(broken(flavour, undefined, 1213), 'db1', newer(flavour));
    const step = stepOf(before);
    const running = withGtid(well, 'db1', newer(flavour));
    const further = withChannel(running, 'db2', { executed: { file: 'bin.000005', position: 4 } });
    const done = (snapshot: ClusterSnapshot) => step.done(seenOf(snapshot));

    it('when it applies again, or has nothing left to apply', () => {
      expect(done(before)).toBe(false);
      // The server says that it is 0 seconds behind, right after a start.
      expect(done(running)).toBe(false);
      expect(done(further)).toBe(true);
      expect(done(well)).toBe(true);
    });

    it('and stays so while it lags more', () => {
      expect(done(withChannel(further, 'db2', { lagSeconds: 7200 }))).toBe(true);
    });

    it('not while a thread stands or connects, nor from another source', () => {
      for (const change of [
        stopped(0, undefined),
        stopped(undefined, 1213),
        { io: 'connecting' },
      ] satisfies Partial<Channel>[])
        expect(done(withChannel(further, 'db2', change))).toBe(false);
      expect(done(withChannel(further, 'db2', ({ source }) => ({ source: { ...source, port: 3307 } })))).toBe(false);
    });

    it('not with less TLS than before', () => {
      const less = (tls: Partial<Channel['tls']>) =>
        withChannel(further, 'db2', (found) => ({ tls: { ...found.tls, ...tls } }));
      expect(done(less({ enabled: false }))).toBe(false);
      expect(done(less({ verify: false }))).toBe(false);
      const plain = withFacts(further, 'db1', ({ streams }) => ({
        streams: streams && {
          ...streams,
          threads: streams.threads.map((thread) => ({ ...thread, encrypted: false, cipher: '', version: '' })),
        },
      }));
      expect(done(plain)).toBe(false);
    });

    it('by the position where there are no GTIDs, and by the lag where the source cannot be seen', () => {
      const blind = withFacts(running, 'db2', { gtid: undefined });
      expect(done(blind)).toBe(true);
      const ahead = withSection(blind, 'db1', 'binlog', { current: { file: 'bin.000004', position: 901 } });
      expect(done(ahead)).toBe(false);
      expect(done(down(blind, 'db1'))).toBe(true);
      expect(done(withChannel(down(blind, 'db1'), 'db2', { lagSeconds: 61 }))).toBe(false);
    });

    it('by the lag where staying behind is meant', () => {
      expect(done(withChannel(running, 'db2', { delaySeconds: 3600, lagSeconds: 3650 }))).toBe(true);
      expect(done(withChannel(running, 'db2', { delaySeconds: 3600, lagSeconds: 3661 }))).toBe(false);
      expect(done(withChannel(running, 'db2', { delaySeconds: 3600, lagSeconds: undefined }))).toBe(false);
    });
  });

  it('rests on who the server is, its source, its TLS and what stands, and on no position or lag', () => {
    const premises = (snapshot: ClusterSnapshot) => procedure.premises(sceneOf(snapshot), of('db2'));
    const snapshot = broken(flavour, undefined, 1213);
    const later = withChannel(withGtid(snapshot, 'db1', newer(flavour)), 'db2', {
      executed: { file: 'bin.000009', position: 4 },
      read: { file: 'bin.000009', position: 4 },
      receivedAt: lookedAt + 60_000,
      heartbeatsReceived: 900,
    });
    expect(premises(later)).toEqual(premises(snapshot));
    for (const changed of [
      withChannel(snapshot, 'db2', ({ tls }) => ({ tls: { ...tls, verify: false } })),
      withChannel(snapshot, 'db2', ({ source }) => ({ source: { ...source, host: 'db9.example' } })),
      withChannel(snapshot, 'db2', stopped(undefined, 1062)),
      withChannel(snapshot, 'db2', stopped(0, 1213)),
      withSection(snapshot, 'db2', 'identity', { serverId: 9 }),
    ])
      expect(premises(changed)).not.toEqual(premises(snapshot));
  });

  it('says what stays as it is', () => {
    const remarks = (snapshot: ClusterSnapshot) => procedure.remarks?.(sceneOf(snapshot), of('db2')) ?? [];
    const snapshot = broken(flavour, undefined, 1213);
    expect(remarks(snapshot)).toEqual([]);
    expect(
      remarks(
        withChannel(withGtid(snapshot, 'db1', newer(flavour)), 'db2', ({ tls }) => ({
          delaySeconds: 3600,
          tls: { ...tls, enabled: false },
        })),
      ),
    ).toEqual([
      'db2 has 20 transactions of its source yet to apply.',
      'db2 stays 1 h behind on purpose.',
      'db2 runs without TLS, and will go on so: secure-channel mends that.',
    ]);
  });
});

describe('an IO thread that stands with an error of the network', () => {
  it('gave up by itself where the server gives up within minutes', () => {
    expect(reasons(broken('mysql', 2003, undefined))).toEqual([]);
    expect(asked(broken('mysql', 2003, undefined))).toBeUndefined();
  });

  it('was stopped by hand while it tried, where the server tries for months', () => {
    expect(reasons(broken('mariadb', 2003, undefined))).toEqual([]);
    expect(asked(broken('mariadb', 2003, undefined))).toContain('somebody stopped it');
    const old = withChannel(
      clusterOf(columnFor({ flavour: 'mysql', release: [8, 0, 36] })),
      'db2',
      stopped(2003, undefined),
    );
    expect(asked(old)).toContain('tries to connect for months');
  });
});

describe('the table of errors', () => {
  it('judges each number once for a flavour', () => {
    for (const flavour of ['mariadb', 'mysql'] as const) {
      const numbers = knownErrors.filter((one) => one.flavour === undefined || one.flavour === flavour);
      expect(new Set(numbers.map(({ errno }) => errno)).size).toBe(numbers.length);
    }
  });

  it('lets a thread be started for no number of data, place or relay log', () => {
    for (const { errno, kind, flavour = 'mysql' } of knownErrors)
      expect(reasons(broken(flavour, undefined, errno)).length, `${errno}`).toBe(
        kind === 'network' || kind === 'passes' ? 0 : 1,
      );
  });
});

it('touches one server, with nothing but START, and no name outside of values', () => {
  const anything = fc.record({
    column: fc.constantFrom(...columns),
    name: fc.string({ unit: 'grapheme', maxLength: 64 }).filter((name) => !/\p{Cc}/u.test(name)),
    io: fc.constantFrom(undefined, 0, 2003, 1213),
    sql: fc.constantFrom(undefined, 0, 1205, 1213),
  });
  fc.assert(
    fc.property(anything, ({ column, name, io, sql }) => {
      const snapshot = withFacts(clusterOf(column), 'db2', {
        channels: [{ ...channel(column.flavour, 1), ...stopped(io, sql), name }],
      });
      for (const step of procedure.steps(sceneOf(snapshot), of('db2', { channel: name })))
        for (const action of step.plan) {
          if (action.kind !== 'sql') throw new Error(`an action of kind ${action.kind}`);
          expect([action.on, action.session]).toEqual(['db2', 'control']);
          for (const { text, values } of action.statements) {
            expect(values.filter((value) => value !== name)).toEqual([]);
            expect(text.join('?')).toMatch(
              /^START (?:SLAVE|REPLICA)(?: \?)?(?: (?:IO|SQL)_THREAD)?(?: FOR CHANNEL \?)?$/,
            );
          }
        }
    }),
  );
});

goldenPlans(procedure, [
  {
    title: 'the applier met a deadlock',
    scene: (column) => sceneOf(withChannel(clusterOf(column), 'db2', stopped(undefined, 1213))),
    parameters: of('db2'),
  },
  {
    title: 'the IO thread gave up, or was stopped while it tried',
    scene: (column) => sceneOf(withChannel(clusterOf(column), 'db2', stopped(2003, undefined))),
    parameters: of('db2'),
  },
  {
    title: 'both threads of a named channel were stopped by hand',
    scene: (column) =>
      sceneOf(
        withFacts(clusterOf(column), 'db2', {
          channels: [{ ...channel(column.flavour, 1), ...stopped(0, 0), name: 'east' }],
        }),
      ),
    parameters: of('db2', { channel: 'east' }),
  },
]);

/** What makes db1 twenty transactions ahead of its replicas. */
function newer(flavour: Flavour) {
  const { servers } = healthy(flavour);
  const uuid = servers[0]?.facts?.identity.uuid ?? '';
  return flavour === 'mysql'
    ? { executed: `${uuid}:1-120` }
    : { state: '0-1-120', binlog: '0-1-120', current: '0-1-120' };
}
