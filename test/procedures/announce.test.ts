import { describe, expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import type { Announcement, SiteAnnouncer } from '../../src/domain/announcement.js';
import type { Scene, Site } from '../../src/domain/scene.js';
import type { Notes, Seen, Step } from '../../src/engine/procedure.js';
import { failover } from '../../src/procedures/failover.js';
import { announced, announcing } from '../../src/procedures/primary/announce.js';
import { switchover } from '../../src/procedures/switchover.js';
import { lookedAt } from '../domain/build.js';
import { deadPrimary, holding } from './dead.js';
import { clusterOf, sceneOf, seenOf, site } from './scenes.js';
import { changeTo, fit } from './switchover-scenes.js';

const haproxy: SiteAnnouncer = { name: 'haproxy', kind: 'haproxy', words: 'the backend', holds: true, readsBack: true };
const hook: SiteAnnouncer = { name: 'webhook', kind: 'webhook', words: 'an address', holds: false, readsBack: false };
const both: Site = { ...site, announcers: [haproxy, hook] };
const column = columnFor({ flavour: 'mariadb', release: [10, 11, 0] });
const healthy = clusterOf(column);
const db2 = { name: 'db2', address: { host: 'db2.example', port: 3306 } };

const says = (server: string, holding = false): Announcement => ({ announcer: 'haproxy', says: server, found: server, holding, failure: undefined, at: lookedAt }); // prettier-ignore
const seen = (announcements: readonly Announcement[], notes: Notes = {}): Seen => ({
  ...seenOf(healthy, notes),
  announcements,
});

describe('announcers in a plan', () => {
  it('are told at once, and asked to hold only where they can', () => {
    expect(announcing(both, 'announce', db2)).toMatchObject([{ announcers: ['haproxy', 'webhook'], primary: 'db2' }]);
    expect(announcing(both, 'hold', db2)).toMatchObject([{ announcers: ['haproxy'] }]);
    expect(announcing(site, 'announce', db2)).toEqual([]);
  });

  it('are believed when they are read back, or said nothing went wrong where they cannot be', () => {
    const [step] = announced(both, db2);
    expect(step?.done(seen([says('db1')], { announced: '' }))).toBe(false);
    expect(step?.done(seen([says('db2')], { announced: 'webhook: no answer.' }))).toBe(false);
    expect(step?.done(seen([says('db2')], { announced: 'webhook: no answer.', told: '' }))).toBe(true);
    expect(step?.done(seen([says('db2')], { announced: '' }))).toBe(true);
    const [readable] = announced({ ...site, announcers: [haproxy] }, db2);
    expect(readable?.done(seen([says('db2')]))).toBe(true);
    expect(readable?.done(seen([]))).toBe(false);
  });

  const mustNotFail = (steps: readonly Step[]) =>
    steps.flatMap(({ plan }) => plan.flatMap((action) => (action.kind === 'announce' && action.mayFail !== true ? [action.act] : []))); // prettier-ignore

  it('hold up a switchover before its freeze, and never its servers beyond its commit point', () => {
    const scene: Scene = { ...sceneOf(fit(healthy)), site: both, announcements: [says('db1')] };
    const steps = switchover.steps(scene, changeTo('db2'));
    expect(mustNotFail(steps)).toEqual(['prepare', 'announce']);
    expect(steps.at(-1)?.id).toBe('announced');
    const prepare = steps.find(({ id }) => id === 'prepare');
    expect(prepare?.done(seen([], {}))).toBe(false);
    expect(prepare?.done(seen([], { prepared: '' }))).toBe(true);
    const freeze = steps.find(({ id }) => id === 'freeze');
    expect(freeze?.undo?.plan.at(-1)).toMatchObject({ kind: 'announce', act: 'restore', primary: 'db1' });
    expect(freeze?.undo?.done(seen([says('db1', true)]))).toBe(false);
    expect(freeze?.undo?.done(seen([says('db1')]))).toBe(true);
  });

  it('stop no failover, and are read back at its end', () => {
    const steps = failover.steps({ ...deadPrimary(column, holding(column)), site: both }, { cluster: 'production', 'accept-loss': 'no', unfenced: 'no' }); // prettier-ignore
    expect(mustNotFail(steps)).toEqual(['announce']);
    expect(steps.at(-1)?.id).toBe('announced');
    expect(steps[0]).toMatchObject({ id: 'hold', undo: { plan: [{ act: 'restore', primary: 'db1' }] } });
  });
});
