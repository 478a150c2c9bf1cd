import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { observedSeconds, seenWithin, sightingsAfter, type ServerSightings } from '../../src/domain/plaintext.js';
import type { PlaintextFacts, ServerSnapshot } from '../../src/domain/snapshot.js';
import { healthy, lookedAt } from './build.js';

const minute = 60_000;
const [server] = healthy('mysql').servers;

/** What is known after looks at these minutes; undefined: the server could not be asked. */
function after(
  looks: readonly (readonly [minute: number, plaintext: PlaintextFacts | 'silent' | 'down'])[],
): ServerSightings | undefined {
  return looks.reduce<ServerSightings | undefined>(
    (before, [at, plaintext]) => sightingsAfter(before, look(at, plaintext)),
    undefined,
  );
}

function look(at: number, plaintext: PlaintextFacts | 'silent' | 'down'): Pick<ServerSnapshot, 'at' | 'facts'> {
  if (server?.facts === undefined) throw new Error('no server');
  const facts = { ...server.facts, plaintext: typeof plaintext === 'string' ? undefined : plaintext };
  return { at: lookedAt + at * minute, facts: plaintext === 'down' ? undefined : facts };
}

const sessions = (...users: string[]): PlaintextFacts => ({
  sessions: users.map((user) => ({ user, client: '10.0.0.7', local: false })),
  logins: undefined,
});
const logins = (counts: Readonly<Record<string, number>>): PlaintextFacts => ({
  sessions: undefined,
  logins: Object.entries(counts).map(([user, count]) => ({ user, count })),
});
const users = (known: ServerSightings | undefined) =>
  known?.seen.map(({ user, last }) => [user, (last - lookedAt) / minute]);
const observed = (known: ServerSightings | undefined, at: number) =>
  observedSeconds(known, lookedAt + at * minute) / 60;

describe('how long it was observed', () => {
  it.each<[string, Parameters<typeof after>[0], number, number]>([
    ['nothing was told', [[0, 'silent']], 0, 0],
    ['one look', [[0, sessions()]], 0, 0],
    [
      'look after look',
      [
        [0, sessions()],
        [5, sessions()],
        [14, sessions()],
      ],
      20,
      20,
    ],
    [
      'a gap begins anew',
      [
        [0, sessions()],
        [5, sessions()],
        [16, sessions()],
        [20, sessions()],
      ],
      20,
      4,
    ],
    [
      'a short absence is none',
      [
        [0, sessions()],
        [1, 'down'],
        [2, 'silent'],
        [9, sessions()],
      ],
      9,
      9,
    ],
    [
      'a long absence is one',
      [
        [0, sessions()],
        [1, 'down'],
        [11, sessions()],
      ],
      11,
      0,
    ],
    [
      'nobody has looked since',
      [
        [0, sessions()],
        [5, sessions()],
      ],
      16,
      0,
    ],
    [
      'told in another way',
      [
        [0, sessions()],
        [5, logins({})],
      ],
      6,
      1,
    ],
    [
      'our clock was put back',
      [
        [10, sessions()],
        [0, sessions()],
        [1, sessions()],
      ],
      1,
      1,
    ],
  ])('%s', (_, looks, at, minutes) => {
    expect(observed(after(looks), at)).toBe(minutes);
  });
});

describe('who was seen', () => {
  it('is remembered with when it was last', () => {
    const known = after([
      [0, sessions('app', 'cron')],
      [1, sessions('app')],
      [30, sessions()],
    ]);
    expect(users(known)).toEqual([
      ['app', 1],
      ['cron', 0],
    ]);
    expect(seenWithin(known, lookedAt + 31 * minute, 30 * 60).map(({ user }) => user)).toEqual(['app']);
    expect(seenWithin(undefined, lookedAt, 60)).toEqual([]);
  });

  it('by counts: whose count moved, and at first everybody with one', () => {
    const known = after([
      [0, logins({ app: 3, root: 1 })],
      [1, logins({ app: 3, root: 2 })],
      [2, logins({ app: 3, root: 2, constructor: 1 })],
    ]);
    expect(users(known)).toEqual([
      ['constructor', 2],
      ['root', 1],
      ['app', 0],
    ]);
    expect(known?.seen[0]).toMatchObject({ client: undefined, local: undefined });
  });

  it('by counts that began anew with the server', () => {
    const known = after([
      [0, logins({ app: 30, root: 5 })],
      [1, logins({ app: 2 })],
      [2, logins({ app: 2, root: 0 })],
    ]);
    expect(users(known)).toEqual([
      ['app', 1],
      ['root', 0],
    ]);
  });

  it('is forgotten after a long time, and beyond a number the oldest first', () => {
    expect(
      users(
        after([
          [0, sessions('old')],
          [401 * 24 * 60, sessions('new')],
        ]),
      ),
    ).toEqual([['new', 401 * 24 * 60]]);
    const crowd = Array.from({ length: 250 }, (_, index) => `user${index}`);
    const known = after([
      [0, sessions('old')],
      [1, sessions(...crowd)],
    ]);
    expect(known?.seen).toHaveLength(200);
    expect(known?.seen.some(({ user }) => user === 'old')).toBe(false);
  });
});

it('never claims to have observed for longer than since its first look, nor loses who was seen last', () => {
  const looks = fc.array(
    fc.tuple(
      fc.integer({ min: 0, max: 15 }),
      fc.oneof(
        fc.constantFrom('silent' as const, 'down' as const),
        fc.subarray(['app', 'cron', '__proto__']).map((some) => sessions(...some)),
        fc.dictionary(fc.constantFrom('app', '__proto__'), fc.integer({ min: 0, max: 3 })).map(logins),
      ),
    ),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(looks, (steps) => {
      let at = 0;
      let known: ServerSightings | undefined;
      let first: number | undefined;
      for (const [pause, plaintext] of steps) {
        at += pause;
        known = sightingsAfter(known, look(at, plaintext));
        // What goes to the disk comes back as it was.
        if (known !== undefined) known = JSON.parse(JSON.stringify(known)) as ServerSightings;
        if (typeof plaintext === 'string') continue;
        first ??= at;
        for (const { user } of plaintext.sessions ?? [])
          expect(known?.seen.find((one) => one.user === user)?.last).toBe(lookedAt + at * minute);
      }
      expect(observed(known, at)).toBeLessThanOrEqual(at - (first ?? at));
    }),
  );
});
