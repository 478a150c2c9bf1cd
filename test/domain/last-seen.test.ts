import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import { unwatchedAtMost } from '../../src/domain/last-seen.js';
import type { LastFacts, Outage } from '../../src/domain/outlook.js';
import type { Parameters, Scene } from '../../src/domain/scene.js';
import { failover } from '../../src/procedures/failover.js';
import { deadPrimary, holding, withSnapshot } from '../procedures/dead.js';
import type { Channel } from '../../src/domain/snapshot.js';
import { down, lookedAt, uuidOf, withChannel, withGtid } from './build.js';

const columns = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};

const given = (more: Readonly<Record<string, string>> = {}): Parameters => ({ cluster: 'production', 'accept-loss': 'no', unfenced: 'no', ...more }); // prettier-ignore
const refused = (scene: Scene) => failover.refusals(scene, given()).map(({ reason }) => reason);
const asked = (scene: Scene) => failover.asks?.(scene, given({ 'accept-loss': 'yes' }));
const told = (scene: Scene) => failover.remarks?.(scene, given({ 'accept-loss': 'yes' }))[0] ?? '';

function changed(scene: Scene, change: (outage: Outage) => Partial<Outage>): Scene {
  const { outlook } = scene;
  if (outlook === undefined) throw new Error('no outlook');
  return { ...scene, outlook: { ...outlook, outages: outlook.outages.map((one) => ({ ...one, ...change(one) })) } };
}

/** Last seen so many seconds before it was first found silent. */
const aged = (scene: Scene, seconds: number) =>
  changed(scene, ({ since, lastSeen }) => ({ lastSeen: lastSeen && { ...lastSeen, at: since - seconds * 1000 } }));

/** And not by this Lockstep itself. */
const recalled = (scene: Scene, seconds = 15, dated = true) =>
  changed(aged(scene, seconds), () => ({ recalled: { dated } }));

const withFacts = (scene: Scene, change: Partial<LastFacts>) =>
  changed(scene, ({ lastSeen }) => ({
    lastSeen: lastSeen?.facts && { ...lastSeen, facts: { ...lastSeen.facts, ...change } },
  }));

describe.each(['mariadb', 'mysql'] as const)('what is remembered of a dead primary of %s', (flavour) => {
  const column = columns[flavour];
  const dead = deadPrimary(column);
  const remembered = recalled(dead);
  const channels = (scene: Scene, change: Partial<Channel> | ((channel: Channel) => Partial<Channel>)) =>
    withSnapshot(scene, (one) => ['db2', 'db3'].reduce((now, name) => withChannel(now, name, change), one));

  it('proves that nothing is lost, and says from when it is', () => {
    expect(refused(remembered)).toEqual([]);
    expect(asked(remembered)).toBeUndefined();
    expect(told(remembered)).toContain('when db1 was last seen (before Lockstep started, 15.0 s before it was first found silent) each commit waited'); // prettier-ignore
  });

  it('tells the bound with its age', () => {
    const lost = recalled(deadPrimary(column, { ...holding(column), active: false }));
    expect(told(lost)).toContain(`transactions that db1 had when it was last seen (before Lockstep started, 15.0 s before it was first found silent), and what it has acknowledged since ${new Date(lookedAt - 26_000).toISOString()}`); // prettier-ignore
    expect(asked(lost)).toContain('may be lost');
  });

  const other = { flavour, serverId: 9, uuid: flavour === 'mysql' ? uuidOf(9) : undefined };

  it.each<[string, Scene, string]>([
    ['of another server', withFacts(remembered, { identity: other }), 'is of another server than db2 followed'],
    ['of another address', changed(remembered, ({ lastSeen }) => ({ lastSeen: lastSeen && { ...lastSeen, address: { host: 'db9.example', port: 3306 } } })), 'was seen at db9.example:3306'], // prettier-ignore
    ['from before it became the primary', { ...remembered, lastChange: { primary: 'db1', former: 'db2', formerEnd: undefined, opened: undefined, byGtid: true, at: lookedAt - 20_000 } }, 'is older than the last change of the primary, to db1'], // prettier-ignore
    ['from before another became it', { ...remembered, lastChange: { primary: 'db3', former: 'db1', formerEnd: undefined, opened: undefined, byGtid: true, at: lookedAt } }, 'is older than the last change of the primary, to db3'], // prettier-ignore
  ])('is not used: %s', (_, scene, why) => {
    expect(refused(scene)).toEqual(['loss']);
    expect(told(scene)).toContain(`how db1 replicated is not known: what is remembered`);
    expect(told(scene)).toContain(why);
    expect(told(scene)).not.toMatch(/At most \d+ transactions/);
  });

  it.each<[string, Scene, string]>([
    ['too old', recalled(dead, unwatchedAtMost + 1), 'may have been changed since it was last seen: it was not looked at for 61.0 s'], // prettier-ignore
    ['of a time that is not sure', recalled(dead, 15, false), 'how long ago db1 was last seen is not sure'],
    ['of nobody knows whom', channels(remembered, ({ source }) => ({ source: { ...source, serverId: 0, uuid: '' } })), 'no replica tells that what is remembered of db1 is of the server that it followed'], // prettier-ignore
    ['from before another start', channels(remembered, ({ read }) => ({ read: { ...read, file: 'bin.000005' } })), 'db1 began another binary log since it was last seen'], // prettier-ignore
  ])('proves nothing, and still tells the bound: %s', (_, scene, why) => {
    expect(refused(scene)).toEqual(['loss']);
    expect(asked(scene)).toContain(why);
    expect(told(scene)).toMatch(
      /At most \d+ transactions that db1 had when it was last seen \(before Lockstep started/,
    );
  });

  it('is used after a change of the primary that it is younger than', () => {
    const lastChange = { primary: 'db1', former: 'db2', formerEnd: undefined, opened: undefined, byGtid: true, at: lookedAt - 30_000 }; // prettier-ignore
    expect(refused({ ...remembered, lastChange })).toEqual([]);
  });

  it('is not enough where a replica has heard of the primary long after Lockstep has not', () => {
    const lived = channels(changed(dead, ({ since, lastSeen }) => ({ since: since - 3_600_000, lastSeen: lastSeen && { ...lastSeen, at: lastSeen.at - 3_600_000 } })), { receivedAt: lookedAt - 12_000 }); // prettier-ignore
    expect(refused(lived)).toEqual(['loss']);
    expect(asked(lived)).toContain('it was not looked at for 3600.0 s');
  });

  it('loosens no quorum once it is doubtful', () => {
    const two = deadPrimary(column, { ...holding(column), waitsFor: 2 });
    const fewer = (scene: Scene) => refused(withSnapshot(scene, (one) => down(one, 'db3')));
    expect(fewer(recalled(two))).toEqual([]);
    expect(fewer(recalled(two, 3600))).toEqual(['no-quorum', 'loss']);
  });

  it('accuses no replica by itself once it is doubtful: that one may have been the primary since', () => {
    const own = flavour === 'mysql' ? { executed: `${uuidOf(1)}:1-100,${uuidOf(2)}:1` } : { state: '0-1-100,0-2-101' };
    const alone = withSnapshot(dead, (one) => withGtid(down(one, 'db3'), 'db2', own));
    expect(refused(recalled(alone))).toContain('errant');
    expect(refused(recalled(alone, 3600))).not.toContain('errant');
  });

  it('never promises more than what was seen by oneself does', () => {
    fc.assert(
      fc.property(
        fc.record({
          seconds: fc.integer({ min: 0, max: 7200 }),
          dated: fc.boolean(),
          timeoutSeconds: fc.constantFrom(10, 600, 3600, 86_400),
          active: fc.boolean(),
        }),
        ({ seconds, dated, timeoutSeconds, active }) => {
          const scene = deadPrimary(column, { ...holding(column), timeoutSeconds, active });
          if (refused(recalled(scene, seconds, dated)).includes('loss')) return;
          expect({ dated, active }).toEqual({ dated: true, active: true });
          expect(seconds).toBeLessThanOrEqual(unwatchedAtMost);
          expect(timeoutSeconds).toBeGreaterThan(seconds);
          expect(refused(aged(scene, seconds))).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
