import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/intake/policy.js';
import { channels, clusters, ground, policy, procedures } from './scene.js';

const seen = () => channels;
const stopped = { alertname: 'ReplicationStopped', procedure: 'restart-replication', cluster: 'shop', server: 'db1' };

describe('without a policy', () => {
  it('an alert of ours is planned by what its label names', () => {
    expect(decide(stopped, ground(), seen)).toEqual({
      kind: 'request',
      procedure: 'restart-replication',
      parameters: { cluster: 'shop', server: 'db1' },
      mode: 'plan',
      limits: {},
    });
  });

  it.each([
    ['no procedure', {}],
    ['an empty one', { procedure: '' }],
    ['one that Lockstep does not have', { procedure: 'failover' }],
    ['what every object has', { procedure: 'constructor' }],
    ['nearly one', { procedure: 'restart-replication ' }],
  ])('an alert that names %s is ignored', (_, labels) => {
    const { alertname, cluster, server } = stopped;
    expect(decide({ alertname, cluster, server, ...labels }, ground(), seen)).toEqual({ kind: 'ignored' });
  });
});

describe('the first policy that matches', () => {
  const policies = [
    policy({ match: ['alertname="ReplicationStopped"', 'cluster="shop"'], run: 'restart-replication', mode: 'auto', cooldownSeconds: 600, waitAtMostSeconds: 60, window: 'nights' }),
    policy({ match: ['alertname=~"Replication.*"'], run: 'restart-replication', mode: 'approve' }),
  ]; // prettier-ignore

  it('decides the mode and the limits', () => {
    expect(decide(stopped, ground(...policies), seen)).toMatchObject({
      mode: 'auto',
      limits: { cooldown: 600, waitAtMost: 60, window: 'nights' },
    });
    expect(decide({ ...stopped, cluster: 'shop-eu' }, ground(...policies), seen)).toMatchObject({
      mode: 'approve',
      limits: {},
      parameters: { cluster: 'shop-eu', server: 'db1' },
    });
  });

  it('decides for alerts of others too', () => {
    const mine = policy({ match: ['alertname="MySQLReplicationNotRunning"'], run: 'restart-replication', mode: 'approve', parameters: { cluster: 'shop' }, labels: { server: 'host' } }); // prettier-ignore
    expect(decide({ alertname: 'MySQLReplicationNotRunning', host: 'db2', cluster: 'elsewhere' }, ground(mine), seen)).toMatchObject({
      kind: 'request',
      parameters: { cluster: 'shop', server: 'db2' },
    }); // prettier-ignore
  });

  it('may be the built-in one', () => {
    const labels = {
      alertname: 'WritableReplica',
      procedure: 'fence-writable-replica',
      cluster: 'shop',
      server: 'db2',
    };
    expect(decide(labels, ground(...policies), seen)).toMatchObject({
      procedure: 'fence-writable-replica',
      mode: 'plan',
    });
  });
});

describe('a label', () => {
  it.each([
    ['no cluster', { cluster: undefined }, 'parameter-missing'],
    ['an empty cluster', { cluster: '' }, 'parameter-missing'],
    ['no server', { server: undefined }, 'parameter-missing'],
    ['another cluster', { cluster: 'Shop' }, 'unknown-cluster'],
    ['what every object has', { cluster: '__proto__' }, 'unknown-cluster'],
    ['a server of another cluster', { server: 'db3' }, 'unknown-server'],
    ['a server and more', { server: "db1'; DROP TABLE t; --" }, 'unknown-server'],
    ['a channel of another server', { server: 'db2', channel: 'audit' }, 'unknown-channel'],
  ])('with %s chooses nothing', (_, changed, rejection) => {
    const labels = Object.fromEntries(Object.entries({ ...stopped, ...changed }).filter(([, value]) => value !== undefined)) as Record<string, string>; // prettier-ignore
    expect(decide(labels, ground(), seen)).toMatchObject({ kind: 'rejected', rejection });
  });

  it('names a channel that was seen, and the default one by being absent', () => {
    const secure = { ...stopped, procedure: 'secure-channel' };
    expect(decide({ ...stopped, channel: 'audit' }, ground(), seen)).toMatchObject({
      parameters: { channel: 'audit' },
    });
    expect(decide(secure, ground(), seen)).toMatchObject({
      parameters: { cluster: 'shop', server: 'db1', channel: '' },
    });
    expect(decide(stopped, ground(), seen)).toMatchObject({ parameters: { cluster: 'shop', server: 'db1' } });
  });

  it('that names a channel asks for a look where nobody has looked, or could not', () => {
    const labels = { ...stopped, cluster: 'shop-eu', server: 'db3', channel: 'audit' };
    const unseen = { kind: 'unseen', cluster: 'shop-eu', server: 'db3' };
    expect(decide(labels, ground(), () => undefined)).toEqual(unseen);
    expect(decide(labels, ground(), seen)).toEqual(unseen);
  });

  it('chooses among the words of a parameter, and is never a length of time', () => {
    const tls = { alertname: 'TlsNotRequired', procedure: 'require-tls', cluster: 'shop', over: '1s' };
    expect(decide(tls, ground(), seen)).toMatchObject({ parameters: { cluster: 'shop' } });
    expect(decide({ ...tls, scope: 'server' }, ground(), seen)).toMatchObject({ parameters: { scope: 'server' } });
    expect(decide({ ...tls, scope: 'all' }, ground(), seen)).toMatchObject({ rejection: 'parameter-invalid' });
    const over = policy({ run: 'require-tls', parameters: { over: '14d' } });
    expect(decide(tls, ground(over), seen)).toMatchObject({ parameters: { cluster: 'shop', over: '14d' } });
  });
});

it('whatever the labels are, what comes out was known before', () => {
  const words = [...Object.keys(clusters), ...Object.values(clusters).flat(), ...procedures.map(({ name }) => name), 'audit', 'accounts', 'server', '', '__proto__', 'toString']; // prettier-ignore
  const value = (...usual: readonly string[]) =>
    fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...usual) }, fc.constantFrom(...words), fc.string());
  const labels = fc.record(
    {
      procedure: value(...procedures.map(({ name }) => name)),
      cluster: value(...Object.keys(clusters)),
      server: value('db1', 'db2'),
      channel: value('', 'audit'),
      over: value(''),
      scope: value('', 'accounts', 'db1'),
      ['__proto__']: value(''),
      constructor: value(''),
    },
    { requiredKeys: [] },
  );
  const policies = ground(
    policy({ match: ['procedure="require-tls"'], run: 'require-tls' }),
    policy({ match: ['server=~".+"', 'over!=""'], run: 'secure-channel', labels: { server: 'scope' } }),
  );
  let requests = 0;
  fc.assert(
    fc.property(labels, (given) => {
      const decision = decide(given, policies, seen);
      if (decision.kind !== 'request') return;
      requests += 1;
      expect(Object.hasOwn(clusters, decision.parameters.cluster)).toBe(true);
      for (const text of Object.values(decision.parameters)) expect(words).toContain(text);
    }),
    { numRuns: 1000 },
  );
  expect(requests).toBeGreaterThan(100);
});
