import { describe, expect, it } from 'vitest';
import { columns } from '../../src/dialects/capabilities.js';
import type { Scene } from '../../src/domain/scene.js';
import { failover } from '../../src/procedures/failover.js';
import { switchover } from '../../src/procedures/switchover.js';
import { lookedAt, withChannel } from '../domain/build.js';
import { deadPrimary } from './dead.js';
import { clusterOf, sceneOf } from './scenes.js';
import { changeTo, fit } from './switchover-scenes.js';

const holding = { name: 'haproxy', words: 'haproxy', kind: 'haproxy', readsBack: true, holds: true } as const;

describe.each(columns)('the moments of a change of the primary on $name', (column) => {
  const scene = sceneOf(fit(clusterOf(column)));
  const announced: Scene = { ...scene, site: { ...scene.site, announcers: [holding] } };

  it.each([
    ['the lock', scene, 'sql'],
    ['the hold of its clients, where an announcer can', announced, 'announce'],
  ])('a pause begins with %s, and not while the freeze is armed', (_, given, kind) => {
    const freeze = switchover.steps(given, changeTo('db2')).find(({ id }) => id === 'freeze');
    const action = freeze?.moments?.before?.action ?? -1;
    expect(freeze?.plan[action]?.kind).toBe(kind);
    const stops = freeze?.plan.findIndex((one) => one.kind === 'announce' || ('session' in one && one.session === 'lock')); // prettier-ignore
    expect(action).toBe(stops);
  });

  it('are noted by the promotion and by what tells of it', () => {
    const noted = switchover.steps(announced, changeTo('db2')).flatMap(({ id, moments }) => (moments?.ended === undefined ? [] : [[id, moments.ended]])); // prettier-ignore
    expect(noted).toEqual([
      ['promote', 'promoted-at'],
      ['announce', 'announced-at'],
      ['announced', 'told-at'],
    ]);
  });

  it('a failover counts from the last sign of life, as far as one is known', () => {
    const dead = deadPrimary(column);
    const parameters = { cluster: 'production', 'accept-loss': 'yes', unfenced: 'no' };
    const promote = failover.steps(dead, parameters).find(({ commits }) => commits === true);
    const seen = { ...dead, notes: {}, held: new Set<string>() };
    expect(promote?.remembers?.(seen)).toEqual({ 'paused-at': String(lookedAt - 12_000) });
    const deaf = ['db2', 'db3'].reduce((all, name) => withChannel(all, name, { receivedAt: undefined }), dead.snapshot);
    expect(promote?.remembers?.({ snapshot: deaf, site: dead.site, notes: {}, held: seen.held })).toEqual({});
  });
});
