import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnFor, columns } from '../../src/dialects/capabilities.js';
import type { Parameters, Scene, SiteFailover } from '../../src/domain/scene.js';
import { defaultFailover } from '../../src/domain/scene.js';
import { failover as procedure } from '../../src/procedures/failover.js';
import { down, promoted, withChannel, withFacts, withGtid, withSection } from '../domain/build.js';
import { deadPrimary, holding, returnedPrimary, withSnapshot } from './dead.js';
import { goldenPlans } from './golden.js';
import { clusterOf, seenOf, site } from './scenes.js';

const newest = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};

const given = (more: Readonly<Record<string, string>> = {}): Parameters => ({ cluster: 'production', 'accept-loss': 'no', unfenced: 'no', ...more }); // prettier-ignore
const reasons = (scene: Scene, more?: Readonly<Record<string, string>>) =>
  procedure.refusals(scene, given(more)).map(({ reason }) => reason);
const asked = (scene: Scene, more?: Readonly<Record<string, string>>) => procedure.asks?.(scene, given(more));
const ruled = (scene: Scene, rules: Partial<SiteFailover>): Scene => ({ ...scene, site: { ...site, failover: { ...defaultFailover, ...rules } } }); // prettier-ignore

describe.each(['mariadb', 'mysql'] as const)('failover on %s', (flavour) => {
  const column = newest[flavour];
  const dead = deadPrimary(column);
  const async = deadPrimary(column, { ...holding(column), active: false });

  it('is needed where the primary is dead, and nowhere else', () => {
    expect(procedure.needed(dead, given()).observed).toBe('yes');
    expect(procedure.needed({ snapshot: clusterOf(column), site }, given()).observed).toBe('no');
    expect(procedure.needed({ snapshot: dead.snapshot, site }, given()).observed).toBe('unknown');
    // Somebody has done it by hand.
    expect(
      procedure.needed(
        withSnapshot(dead, (one) => promoted(one, 'db2')),
        given(),
      ).observed,
    ).toBe('no');
  });

  it('goes ahead by itself only where nothing is lost and the old one cannot acknowledge', () => {
    expect(reasons(dead)).toEqual([]);
    expect(asked(dead)).toBeUndefined();
    expect(reasons(async)).toEqual(['loss']);
    expect(reasons(async, { 'accept-loss': 'yes' })).toEqual([]);
    expect(asked(async, { 'accept-loss': 'yes' })).toContain('may be lost');
  });

  it.each([
    ['off', { enabled: false, active: false }],
    ['fallen back', { active: false }],
    ['too late in the commit', { waitPoint: 'after-commit' as const }],
    ['not without replicas', { waitsWithout: false }],
    ['for a time that is over', { timeoutSeconds: 30 }],
    ['for an unknown time', { timeoutSeconds: undefined }],
    ['for nobody knows how many', { waitsFor: undefined }],
    ['perhaps for long already', { timeoutSeconds: 600 }],
  ])('promises nothing where commits waited %s', (_, change) => {
    expect(reasons(deadPrimary(column, { ...holding(column), ...change }))).toContain('loss');
  });

  it('promises nothing of a primary that it never saw alive', () => {
    const [outage] = dead.outlook?.outages ?? [];
    if (outage === undefined || dead.outlook === undefined) throw new Error('no outage');
    expect(reasons({ ...dead, outlook: { ...dead.outlook, outages: [{ ...outage, lastSeen: undefined }] } })).toEqual(['loss']); // prettier-ignore
  });

  it('does nothing while Lockstep may be the one that is cut off', () => {
    const fleet = (servers: number, reachable: number): Scene => ({ ...dead, outlook: { outages: dead.outlook?.outages ?? [], fleet: { servers, reachable } } }); // prettier-ignore
    expect(reasons(fleet(9, 4))).toEqual(['isolated']);
    expect(reasons(fleet(9, 5))).toEqual([]);
    expect(reasons(fleet(9, 4), { 'accept-loss': 'yes' })).toEqual(['isolated']);
    expect(reasons(fleet(2, 1))).toEqual([]);
  });

  it('wants enough replicas to answer', () => {
    const fewer = withSnapshot(dead, (one) => down(one, 'db3'));
    expect(reasons(fewer)).toEqual(['no-quorum', 'loss']);
    expect(reasons(fewer, { 'accept-loss': 'yes' })).toEqual([]);
    const two = deadPrimary(column, { ...holding(column), waitsFor: 2 });
    expect(reasons(withSnapshot(two, (one) => down(one, 'db3')))).toEqual([]);
  });

  it('does nothing beside a server that accepts writes', () => {
    const open = withSnapshot(dead, (one) => withSection(one, 'db3', 'state', { readOnly: false, superReadOnly: flavour === 'mysql' ? false : undefined })); // prettier-ignore
    expect(reasons(open)).toContain('writable-elsewhere');
  });

  it('chooses who has received most, then who is preferred, and never who must not', () => {
    const chosen = (scene: Scene, more?: Readonly<Record<string, string>>) =>
      (procedure.premises(scene, given(more)) as { candidate?: { server: string } }).candidate?.server;
    expect(chosen(dead)).toBe('db2');
    expect(chosen(ruled(dead, { preferred: ['db3'] }))).toBe('db3');
    expect(chosen(ruled(dead, { never: ['db2'] }))).toBe('db3');
    expect(reasons(ruled(dead, { never: ['db2', 'db3'] }))).toContain('no-candidate');
    const ahead = withSnapshot(dead, (one) => withChannel(one, 'db3', ({ gtid }) => ({ gtid: { ...gtid, received: flavour === 'mysql' ? '00000001-aaaa-bbbb-cccc-000000000000:90-120' : '0-1-120' } }))); // prettier-ignore
    expect(chosen(ruled(ahead, { preferred: ['db2'] }))).toBe('db3');
    expect(reasons(ahead, { to: 'db2' })).toEqual(['behind']);
    expect(reasons(dead, { to: 'db1' })).toContain('no-candidate');
    const delayed = withSnapshot(dead, (one) => withChannel(withChannel(one, 'db2', { delaySeconds: 60 }), 'db3', { delaySeconds: 60 })); // prettier-ignore
    expect(reasons(delayed)).toContain('no-candidate');
  });

  it('does not promote a server that wrote by itself', () => {
    const errant = withSnapshot(dead, (one) => withGtid(one, 'db2', flavour === 'mysql' ? { executed: '00000001-aaaa-bbbb-cccc-000000000000:1-100,00000002-aaaa-bbbb-cccc-000000000000:1' } : { state: '0-1-100,0-2-101' })); // prettier-ignore
    expect(reasons(errant)).toContain('errant');
  });

  it('stops the old one first where the configuration says how', () => {
    const fenced = ruled(dead, { fence: ['/usr/bin/stop', '{server}'] });
    const steps = procedure.steps(fenced, given());
    expect(steps[0]).toMatchObject({
      id: 'fence',
      plan: [{ kind: 'program', on: 'db1', argv: ['/usr/bin/stop', 'db1'] }],
    });
    expect(procedure.steps(fenced, given({ unfenced: 'yes' }))[0]?.id).toBe('still-gone');
    const vain = deadPrimary(column, { ...holding(column), timeoutSeconds: undefined });
    expect(asked(ruled(vain, { fence: ['/usr/bin/stop'] }), { 'accept-loss': 'yes' })).toContain('may be lost');
  });

  it('goes no further when the primary gives a sign of life at the last moment, whoever sees it', () => {
    const gone = procedure.steps(dead, given()).find(({ id }) => id === 'still-gone');
    const now = (scene: Scene) => gone?.done({ ...scene, notes: {}, held: new Set() });
    expect(now(dead)).toBe(true);
    expect(now(withSnapshot(dead, (one) => withChannel(one, 'db3', { io: 'running', silent: false, ioError: undefined })))).toBe(false); // prettier-ignore
    expect(now(withSnapshot(dead, (one) => down(one, 'db1', { reason: 'too-many-connections', message: '' })))).toBe(
      false,
    );
  });

  it('leaves by file and position those that are behind, and names them', () => {
    const position = withSnapshot(
      dead,
      (one) =>
      ['db2', 'db3'].reduce((now, name) => withFacts(withChannel(now, name, ({ gtid }) => ({ gtid: { ...gtid, mode: 'off' } })), name, {}), one), // prettier-ignore
    );
    const behind = withSnapshot(position, (one) =>
      withChannel(one, 'db3', { read: { file: 'bin.000004', position: 800 } }),
    );
    expect(procedure.steps(position, given()).map(({ id }) => id)).toContain('point-db3');
    expect(procedure.steps(behind, given()).map(({ id }) => id)).not.toContain('point-db3');
    expect(procedure.remarks?.(behind, given()).join('\n')).toContain('it must be rebuilt');
  });

  it('does not compare one that replicates by GTID with one that does not, and says so', () => {
    const unlike = withSnapshot(dead, (one) => withChannel(one, 'db3', ({ gtid }) => ({ gtid: { ...gtid, mode: 'off' } }))); // prettier-ignore
    expect(procedure.refusals(unlike, given())).toMatchObject([
      {
        reason: 'behind',
        why: expect.stringContaining('db3 replicates by file and position and db2 by GTID') as string,
      },
    ]);
  });

  it('counts every step before the promotion as done once the new primary is open', () => {
    const steps = procedure.steps(dead, given());
    const at = steps.findIndex(({ commits }) => commits === true);
    const after = promoted(dead.snapshot, 'db2');
    for (const step of steps.slice(0, at + 1)) expect(step.done(seenOf(after)), step.id).toBe(true);
    expect(steps[at]?.done(seenOf(dead.snapshot))).toBe(false);
  });
});

it('never plans over a sign of life, a second writable server or a lack of replicas', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...columns),
      fc.record({ alive: fc.boolean(), writable: fc.boolean(), up: fc.tuple(fc.boolean(), fc.boolean()), reachable: fc.integer({ min: 0, max: 3 }), accept: fc.constantFrom('no', 'yes') }), // prettier-ignore
      (column, { alive, writable, up, reachable, accept }) => {
        let scene = deadPrimary(column, accept === 'no' ? holding(column) : undefined);
        if (alive) scene = withSnapshot(scene, (one) => withChannel(one, 'db2', { io: 'running', silent: false, ioError: undefined })); // prettier-ignore
        if (writable) scene = withSnapshot(scene, (one) => withSection(one, 'db3', 'state', { readOnly: false, superReadOnly: column.readOnly === 'switch' ? undefined : false })); // prettier-ignore
        up.forEach((one, index) => {
          if (!one) scene = withSnapshot(scene, (now) => down(now, `db${index + 2}`));
        });
        if (scene.outlook !== undefined)
          scene = { ...scene, outlook: { ...scene.outlook, fleet: { servers: 3, reachable } } };
        const need = procedure.needed(scene, given({ 'accept-loss': accept }));
        const goes = need.observed === 'yes' && reasons(scene, { 'accept-loss': accept }).length === 0;
        const [two, three] = up;
        if (!goes) return;
        expect(alive && two).toBe(false);
        expect(writable && three).toBe(false);
        expect(two || three).toBe(true);
        expect(reachable * 2).toBeGreaterThan(2);
        if (accept === 'no') expect(two && three).toBe(true);
      },
    ),
    { numRuns: 500 },
  );
});

goldenPlans(procedure, [
  {
    title: 'a dead primary, semi-synchronous replication held',
    scene: (column) => deadPrimary(column),
    parameters: given(),
  },
  {
    title: 'a primary that came back read-only, with less than its replicas have',
    scene: returnedPrimary,
    parameters: given(),
  },
  {
    title: 'asynchronous, with a command that stops the dead one, by file and position',
    scene: (column) =>
      ruled(
        withSnapshot(
          deadPrimary(column, { ...holding(column), enabled: false, active: false }),
          (one) =>
          withFacts(['db2', 'db3'].reduce((now, name) => withChannel(now, name, ({ gtid }) => ({ gtid: { ...gtid, mode: 'off' } })), one), 'db2', {}), // prettier-ignore
        ),
        { fence: ['/usr/bin/systemctl', 'stop', 'mysql'] },
      ),
    parameters: given({ 'accept-loss': 'yes' }),
  },
]);
