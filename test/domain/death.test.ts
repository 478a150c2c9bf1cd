import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deathOf } from '../../src/domain/death.js';
import { silentReasons, type Outage, type Outlook } from '../../src/domain/outlook.js';
import type { Scene } from '../../src/domain/scene.js';
import { failureReasons, type Channel, type ChannelError, type FailureReason } from '../../src/domain/snapshot.js';
import { site } from '../procedures/scenes.js';
import { down, healthy, lookedAt, withChannel, withServer } from './build.js';

const rules = { looks: 3, seconds: 10 };
const refused = { errno: 2003, message: 'error connecting', time: undefined };

function outlook(change: Partial<Outage> = {}): Outlook {
  const outage: Outage = { server: 'db1', since: lookedAt - 11_000, looks: 4, reasons: ['refused'], lastSeen: undefined, ...change }; // prettier-ignore
  return { outages: [outage], fleet: { servers: 3, reachable: 2 } };
}

/** db1 is down, db2 and db3 have lost it. */
function dead(
  flavour: 'mariadb' | 'mysql',
  {
    reason = 'refused',
    channel = {},
    seen = outlook(),
  }: { reason?: FailureReason; channel?: Partial<Channel>; seen?: Outlook | undefined } = {},
): Scene {
  // prettier-ignore
  let snapshot = down(healthy(flavour), 'db1', { reason, message: reason });
  snapshot = withServer(snapshot, 'db1', ({ login }) => ({ login: login && { ...login, handshake: undefined } }));
  for (const name of ['db2', 'db3'])
    snapshot = withChannel(snapshot, name, { io: 'connecting', ioError: refused, ...channel });
  return { snapshot, site, outlook: seen };
}

const error = (errno: number, message = ''): ChannelError => ({ errno, message, time: undefined });

describe.each(['mariadb', 'mysql'] as const)('the death of a primary of %s', (flavour) => {
  it('takes both kinds of evidence', () => {
    expect(deathOf(dead(flavour), 'db1', rules)).toEqual({
      verdict: 'dead',
      why: 'db1 has said nothing for 11.0 s, in 4 looks (refused); db2 has no connection to it (error 2003); db3 has no connection to it (error 2003)',
    });
    expect(deathOf(dead(flavour, { channel: { io: 'running', silent: true, ioError: undefined } }), 'db1', rules).verdict).toBe('dead'); // prettier-ignore
  });

  it('tells no time that is less than none, where a look of before ends after this one began', () => {
    const { verdict, why } = deathOf(dead(flavour, { seen: outlook({ since: lookedAt + 4500 }) }), 'db1', rules);
    expect(verdict).toBe('unknown');
    expect(why).toContain('db1 has said nothing for 0.0 s, in 4 looks');
  });

  it.each([
    ['too short', outlook({ since: lookedAt - 9000 })],
    ['too few looks', outlook({ looks: 2 })],
    ['nobody remembers', undefined],
    ['not in the memory', { outages: [], fleet: { servers: 3, reachable: 2 } }],
  ])('is not known from our own side: %s', (_, seen) => {
    const { snapshot } = dead(flavour);
    expect(deathOf({ snapshot, site, ...(seen && { outlook: seen }) }, 'db1', rules).verdict).toBe('unknown');
  });

  it.each(failureReasons.filter((reason) => !silentReasons.has(reason) && reason !== 'unknown-host'))(
    'is not there where we meet %s, now or before',
    (reason) => {
      expect(deathOf(dead(flavour, { reason }), 'db1', rules).verdict).toBe('alive');
      expect(deathOf(dead(flavour, { seen: outlook({ reasons: ['refused', reason] }) }), 'db1', rules).verdict).toBe('alive'); // prettier-ignore
    },
  );

  it('is not known where its name cannot be resolved', () => {
    expect(deathOf(dead(flavour, { reason: 'unknown-host' }), 'db1', rules).verdict).toBe('unknown');
  });

  it('is not there where it has greeted since', () => {
    const scene = dead(flavour, { reason: 'timeout' });
    const greeted = (at: number) => ({
      ...scene,
      snapshot: withServer(scene.snapshot, 'db1', ({ login }) => ({
        login: { at: lookedAt, failure: login?.failure, handshake: { at, greeting: '9', tlsOffered: true, protocol: undefined, cipher: undefined, chain: [], verification: undefined } }, // prettier-ignore
      })),
    });
    expect(deathOf(greeted(lookedAt - 500), 'db1', rules).verdict).toBe('alive');
    expect(deathOf(greeted(lookedAt - 60_000), 'db1', rules).verdict).toBe('dead');
  });

  it.each([
    ['running', { io: 'running', silent: false, ioError: undefined }, 'alive'],
    [
      'running, and heard of after the silence began',
      { io: 'running', silent: false, ioError: undefined, heartbeatPeriodSeconds: 5 },
      'alive',
    ],
    [
      'running, and perhaps only heard of before',
      { io: 'running', silent: false, ioError: undefined, heartbeatPeriodSeconds: 6 },
      'unknown',
    ],
    ['running without heartbeats', { io: 'running', silent: undefined, ioError: undefined }, 'unknown'],
    ['stopped by hand', { io: 'stopped', ioError: undefined }, 'unknown'],
    ['connecting, no error yet', { io: 'connecting', ioError: undefined }, 'unknown'],
    ['given up connecting', { io: 'stopped', ioError: refused }, 'dead'],
    ['no greeting', { ioError: error(2013, "Lost connection at 'reading initial communication packet'") }, 'dead'],
    ['hung up during the login', { ioError: error(2013, "Lost connection at 'reading authorization packet', system error: 104") }, 'alive'], // prettier-ignore
    ['too many connections', { ioError: error(1040) }, 'alive'],
    ['blocked', { ioError: error(1129) }, 'alive'],
    ['refused account', { ioError: error(1045) }, 'alive'],
    ['TLS', { ioError: error(2026) }, 'alive'],
    ['purged log', { ioError: error(1236) }, 'alive'],
    ['shutting down', { ioError: error(1053) }, 'alive'],
    ['its own full disk', { ioError: error(1595) }, 'unknown'],
    ['a number that nobody knows', { ioError: error(4999) }, 'unknown'],
    ['a name that is not resolved', { ioError: error(2005) }, 'unknown'],
  ] as const)('as one replica says it: %s', (_, channel, verdict) => {
    const scene = dead(flavour);
    const snapshot = withChannel(scene.snapshot, 'db3', channel);
    expect(deathOf({ ...scene, snapshot }, 'db1', rules).verdict).toBe(verdict);
  });

  it('is not known where no replica can be asked', () => {
    const scene = dead(flavour);
    const snapshot = down(down(scene.snapshot, 'db2'), 'db3');
    expect(deathOf({ ...scene, snapshot }, 'db1', rules).verdict).toBe('unknown');
  });
});

it('is never taken for granted while anybody shows a sign of life', () => {
  const signs = fc.constantFrom<Partial<Channel>>(
    { io: 'running', silent: false, ioError: undefined },
    { ioError: error(1045) },
    { ioError: error(2026) },
    { ioError: error(1040) },
    { ioError: error(1129) },
  );
  const any = fc.constantFrom<Partial<Channel>>({}, { io: 'running', silent: true, ioError: undefined }, { io: 'stopped', ioError: undefined }, { ioError: error(1595) }); // prettier-ignore
  fc.assert(
    fc.property(
      fc.constantFrom('mariadb' as const, 'mysql' as const),
      signs,
      any,
      fc.boolean(),
      (flavour, sign, other, first) => {
        const scene = dead(flavour);
        const [one, two] = first ? ['db2', 'db3'] : ['db3', 'db2'];
        const snapshot = withChannel(withChannel(scene.snapshot, one, sign), two, other);
        expect(deathOf({ ...scene, snapshot }, 'db1', rules).verdict).toBe('alive');
      },
    ),
  );
});
