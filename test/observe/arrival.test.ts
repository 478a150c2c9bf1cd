import { describe, expect, it } from 'vitest';
import type { Channel } from '../../src/domain/snapshot.js';
import { Arrivals } from '../../src/observe/arrival.js';

const channel = (over: Partial<Channel> = {}): Channel => ({
  name: '',
  source: { host: '127.0.0.2', port: 3306, user: 'repl', serverId: 1, uuid: undefined },
  io: 'running',
  sql: 'running',
  ioError: undefined,
  sqlError: undefined,
  lagSeconds: 0,
  delaySeconds: 0,
  heartbeatPeriodSeconds: 2,
  heartbeatsReceived: 10,
  receivedAt: undefined,
  silent: undefined,
  relayLogBytes: 0,
  read: { file: 'bin.1', position: 4 },
  executed: { file: 'bin.1', position: 4 },
  gtid: { mode: 'off', received: undefined },
  tls: {
    enabled: true,
    verify: true,
    caFile: undefined,
    certFile: undefined,
    keyFile: undefined,
    caPath: undefined,
    crlFile: undefined,
    crlPath: undefined,
    cipher: undefined,
    versions: undefined,
  },
  ...over,
});

const only = (filled: readonly Channel[]) => {
  const [channel, ...more] = filled;
  if (channel === undefined || more.length > 0) throw new Error(`expected one channel, got ${filled.length}`);
  return channel;
};

describe('a channel whose server only counts what arrives', () => {
  it('does not claim an arrival that it did not see', () => {
    expect(only(new Arrivals().fill([channel()], 1000))).toMatchObject({ receivedAt: undefined, silent: false });
  });

  it('dates an arrival to the look that found the counters moved', () => {
    const arrivals = new Arrivals();
    arrivals.fill([channel()], 1000);
    expect(only(arrivals.fill([channel({ heartbeatsReceived: 11 })], 16_000))).toMatchObject({
      receivedAt: 16_000,
      silent: false,
    });
    expect(only(arrivals.fill([channel({ heartbeatsReceived: 11 })], 20_000))).toMatchObject({
      receivedAt: 16_000,
      silent: false,
    });
    expect(only(arrivals.fill([channel({ heartbeatsReceived: 11 })], 20_001))).toMatchObject({
      receivedAt: 16_000,
      silent: true,
    });
  });

  it('is silent two periods after the first look when nothing ever moved', () => {
    const arrivals = new Arrivals();
    arrivals.fill([channel()], 1000);
    expect(only(arrivals.fill([channel()], 5000)).silent).toBe(false);
    expect(only(arrivals.fill([channel()], 5001)).silent).toBe(true);
  });

  it('hears events as well as heartbeats', () => {
    const arrivals = new Arrivals();
    arrivals.fill([channel()], 1000);
    expect(only(arrivals.fill([channel({ read: { file: 'bin.1', position: 400 } })], 9000)).silent).toBe(false);
  });

  it('keeps channels apart and forgets those that are gone', () => {
    const arrivals = new Arrivals();
    arrivals.fill([channel({ name: 'a' }), channel({ name: 'b' })], 1000);
    arrivals.fill([channel({ name: 'b' })], 2000);
    const [a, b] = arrivals.fill([channel({ name: 'a' }), channel({ name: 'b' })], 9000);
    expect([a?.silent, b?.silent]).toEqual([false, true]);
  });
});

describe('a channel whose server dates what arrives', () => {
  it('puts the time onto our clock', () => {
    const filled = only(new Arrivals().fill([channel({ receivedAt: 70_000 })], 11_000, 60));
    expect(filled).toMatchObject({ receivedAt: 10_000, silent: false });
  });

  it('is silent at the first look when the server says so', () => {
    expect(only(new Arrivals().fill([channel({ receivedAt: 1000 })], 9000)).silent).toBe(true);
  });

  it('is not silent while a long transaction is still arriving', () => {
    const arrivals = new Arrivals();
    arrivals.fill([channel({ receivedAt: 1000 })], 2000);
    expect(
      only(arrivals.fill([channel({ receivedAt: 1000, read: { file: 'bin.1', position: 9 } })], 9000)).silent,
    ).toBe(false);
  });
});

it.each([
  ['the thread does not run', channel({ io: 'connecting' })],
  ['the period is unknown', channel({ heartbeatPeriodSeconds: undefined })],
  ['heartbeats are off', channel({ heartbeatPeriodSeconds: 0 })],
])('says nothing about silence while %s', (_, given) => {
  const arrivals = new Arrivals();
  arrivals.fill([given], 0);
  expect(only(arrivals.fill([given], 1e9)).silent).toBeUndefined();
});
