import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnFor, type Column } from '../../src/dialects/capabilities.js';
import type { Sighting, Sightings } from '../../src/domain/plaintext.js';
import type { Scene } from '../../src/domain/scene.js';
import type { Account, ClusterSnapshot, ServerName } from '../../src/domain/snapshot.js';
import { planLines } from '../../src/engine/plan-text.js';
import { planOf } from '../../src/engine/plan.js';
import { requireTls as procedure } from '../../src/procedures/require-tls.js';
import { down, lookedAt, promoted, withChannel, withFacts, withSection, withServer } from '../domain/build.js';
import { goldenPlans } from './golden.js';
import { noTls } from './plaintext-channel.js';
import { clusterOf, seenOf, site } from './scenes.js';

const newest = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};
const day = 86_400_000;
const names = ['db1', 'db2', 'db3'];
const parameters = { cluster: 'production', 'observed-for': '7d' };
const own: readonly Account[] = [
  { user: 'lockstep_monitor', host: '%', requires: 'ssl' },
  { user: 'lockstep_operate', host: '%', requires: 'ssl' },
  { user: 'replication', host: '%', requires: 'x509' },
  { user: 'root', host: 'localhost', requires: 'nothing' },
];
const app: Account = { user: 'app', host: '%', requires: 'nothing' };
const report: Account = { user: 'report', host: '10.0.%', requires: 'nothing' };

/** Every server lets plaintext in, to `app` and `report`, and tells who comes so. */
function open(column: Column, accounts: readonly Account[] = [app, report]): ClusterSnapshot {
  return names.reduce(
    (snapshot, name) => withAccounts(withSection(snapshot, name, 'tls', { required: false }), name, accounts),
    names.reduce(
      (snapshot, name) => withFacts(snapshot, name, { plaintext: { sessions: [], logins: undefined } }),
      clusterOf(column),
    ),
  );
}

function withAccounts(snapshot: ClusterSnapshot, name: ServerName, accounts: readonly Account[]): ClusterSnapshot {
  const withoutTls = accounts.filter(({ requires, host }) => requires === 'nothing' && host !== 'localhost').length;
  return withSection(snapshot, name, 'accounts', { withoutTls, listed: [...accounts, ...own] });
}

/** As if it had been observed for so many days, with these seen on db1. */
function remembered(days: number, seen: readonly Sighting[] = [], how: 'sessions' | 'logins' = 'sessions'): Sightings {
  const one = { how, since: lookedAt - days * day, last: lookedAt - 30_000, seen: [], counts: {} };
  return { servers: { db1: { ...one, seen }, db2: one, db3: one } };
}

const came = (user: string, client: string | undefined, local: boolean | undefined, days: number): Sighting => ({
  user,
  client,
  local,
  last: lookedAt - days * day,
});

const scene = (snapshot: ClusterSnapshot, plaintext: Sightings = remembered(10)): Scene => ({
  snapshot,
  site,
  plaintext,
});
const need = (snapshot: ClusterSnapshot) => procedure.needed(scene(snapshot), parameters);
const refused = (given: Scene, more = {}) => procedure.refusals(given, { ...parameters, ...more });
const reasons = (given: Scene, more = {}) => refused(given, more).map(({ reason }) => reason);
const remarks = (given: Scene, more = {}) => (procedure.remarks?.(given, { ...parameters, ...more }) ?? []).join('\n');
const asked = (given: Scene) => procedure.asks?.(given, parameters);
const steps = (given: Scene) => procedure.steps(given, parameters);
const ids = (given: Scene) => steps(given).map(({ id }) => id);
const text = (given: Scene) => planLines(planOf(procedure, given, parameters)).join('\n');
const stepOf = (given: Scene, wanted: string) => {
  const found = steps(given).find(({ id }) => id === wanted);
  if (found === undefined) throw new Error(`no step ${wanted} among ${ids(given).join(', ')}`);
  return found;
};

describe.each(['mariadb', 'mysql'] as const)('require-tls on %s', (flavour) => {
  const column = newest[flavour];
  const loose = open(column);
  const given = scene(loose);

  describe('is needed', () => {
    it('where accounts need no TLS and the server does not ask for it', () => {
      expect(need(loose)).toEqual({
        observed: 'yes',
        why: names.map((name) => `2 accounts of ${name} may log in over the network without TLS`).join('; '),
      });
    });

    it('not where every server, or every account, asks for it', () => {
      expect(need(clusterOf(column)).observed).toBe('no');
      expect(need(open(column, [])).observed).toBe('no');
    });

    it('unknown while a server that might let plaintext in cannot be asked', () => {
      expect(need(down(clusterOf(column), 'db2')).observed).toBe('unknown');
      expect(need(down(loose, 'db2')).observed).toBe('yes');
    });
  });

  describe('refuses', () => {
    it('nothing once it was observed for long enough', () => {
      expect(refused(given)).toEqual([]);
    });

    const plain = withFacts(loose, 'db1', {
      plaintext: { sessions: [{ user: 'replication', client: '10.0.0.9', local: false }], logins: undefined },
    });

    it.each<[string, ClusterSnapshot]>([
      ['server-unseen', down(loose, 'db3')],
      ['no-primary', promoted(loose, 'db2')],
      ['tls-off', withSection(loose, 'db2', 'tls', { haveSsl: 'DISABLED' })],
      ['own-login', withSection(loose, 'db2', 'tls', { session: undefined })],
      ['plaintext-channel', withChannel(loose, 'db2', { tls: noTls })],
      ['own-session', plain],
      ['accounts-unread', withFacts(loose, 'db2', { accounts: undefined })],
      ['accounts-unread', withSection(loose, 'db2', 'accounts', { listed: undefined })],
      ['too-many-accounts', withSection(loose, 'db2', 'accounts', { listed: Array(1000).fill(app) as Account[] })],
      ['observed-too-short', withFacts(loose, 'db2', { plaintext: undefined })],
    ])('with %s', (reason, snapshot) => {
      const [refusal] = refused(scene(snapshot));
      expect(refusal?.reason).toBe(reason);
      expect(refusal?.remedy).toMatch(/\.$/);
    });

    it('lets no socket of its own users stand in the way', () => {
      const backup = withFacts(loose, 'db1', {
        plaintext: { sessions: [{ user: 'lockstep_operate', client: 'localhost', local: true }], logins: undefined },
      });
      expect(refused(scene(backup))).toEqual([]);
    });

    it('says the statement that makes accounts readable', () => {
      const unread = withServer(withFacts(loose, 'db2', { accounts: undefined }), 'db2', ({ collectors }) => ({
        collectors: collectors.map((one) => ({ ...one, collector: 'accounts' as const, remedy: 'GRANT X' })),
      }));
      expect(refused(scene(unread))[0]?.remedy).toBe('GRANT X.');
    });

    it('while it was observed for less than it should, unless a shorter time is asked for', () => {
      const young = scene(loose, remembered(2));
      expect(reasons(young)).toEqual(names.map(() => 'observed-too-short'));
      expect(refused(young)[0]?.why).toBe('who comes to db1 without TLS has been observed for 2 d, and wanted are 7 d');
      expect(refused(young)[0]?.remedy).toContain('observed-for 48h');
      expect(reasons(young, { 'observed-for': '47h' })).toEqual([]);
      // Nobody remembers, but this look has seen.
      expect(reasons({ snapshot: loose, site })).toEqual(names.map(() => 'observed-too-short'));
      expect(reasons({ snapshot: loose, site }, { 'observed-for': '0s' })).toEqual([]);
    });

    it('where nobody can tell, unless one goes without knowing', () => {
      const blind = scene(withFacts(loose, 'db2', { plaintext: undefined }));
      expect(refused(blind)[0]?.why).toContain('does not tell who is connected without TLS');
      expect(reasons(blind, { 'observed-for': '0s' })).toEqual([]);
      expect(remarks(blind, { 'observed-for': '0s' })).toContain('Who comes to db2 without TLS is not known');
    });
  });

  describe('asks a person, always', () => {
    it('and says how many would be locked out', () => {
      expect(asked(given)).toBe(
        '2 accounts and 3 servers would refuse plaintext, and nobody was seen to come so within 7 d: who may be locked out is for a person to decide',
      );
      const seen = [
        came('app', '10.0.0.7', false, 1),
        came('app', '10.0.0.8', false, 1),
        came('cron', '10.0.0.7', false, 6),
      ];
      expect(asked(scene(loose, remembered(10, seen)))).toContain('and 2 users were seen');
    });

    it.each<[string, Sighting, string | undefined]>([
      ['over the network', came('app', '10.0.0.7', false, 1), '"app" at db1 from 10.0.0.7, last seen 2025-10-08'],
      ['over the network, whoever it was', came('gone', '10.0.0.7', false, 1), '"gone" at db1 from 10.0.0.7'],
      ['too long ago', came('app', '10.0.0.7', false, 8), undefined],
      [
        'over a socket as an account that is changed',
        came('app', 'localhost', true, 1),
        '"app" at db1 over its socket',
      ],
      ['over a socket as one that is not', came('root', 'localhost', true, 1), undefined],
      ['counted, whence is not known', came('app', undefined, undefined, 1), '"app" at db1, unless over its socket'],
      ['counted, a user of the socket alone', came('root', undefined, undefined, 1), undefined],
    ])('about who came %s', (_, sighting, line) => {
      const shown = remarks(scene(loose, remembered(10, [sighting])));
      if (line === undefined) expect(shown).toContain('Nobody who would be locked out was seen within 7 d.');
      else expect(shown).toContain(`Would be locked out: ${line}`);
    });

    it('about who is there now', () => {
      const now = withFacts(loose, 'db2', {
        plaintext: { sessions: [{ user: 'app', client: '10.0.0.7', local: false }], logins: undefined },
      });
      expect(remarks(scene(now))).toContain('Would be locked out: "app" at db2 from 10.0.0.7');
    });

    it('in a page of names, and the number of the rest', () => {
      const crowd = Array.from({ length: 30 }, (_, index) => came(`user${index}`, '10.0.0.7', false, 1));
      expect(remarks(scene(loose, remembered(10, crowd)))).toContain('Would be locked out: 10 more.');
    });

    it('with what the observation is worth', () => {
      expect(remarks(given)).toContain('db1 has been asked for 10 d');
      const counted = names.reduce(
        (snapshot, name) => withFacts(snapshot, name, { plaintext: { sessions: undefined, logins: [] } }),
        loose,
      );
      expect(remarks(scene(counted, remembered(10, [], 'logins')))).toContain(
        'db3 has counted logins by user for 10 d',
      );
      expect(remarks(given).includes('option files')).toBe(flavour === 'mariadb');
    });

    it('anew when somebody else would be locked out', () => {
      const premises = (one: Scene) => procedure.premises(one, parameters);
      const seen = [came('app', '10.0.0.7', false, 3)];
      const again = [came('app', '10.0.0.7', false, 1)];
      expect(premises(scene(loose, remembered(10, again)))).toEqual(premises(scene(loose, remembered(11, seen))));
      expect(premises(scene(loose, remembered(10, [...seen, came('cron', '10.0.0.7', false, 1)])))).not.toEqual(
        premises(scene(loose, remembered(10, seen))),
      );
    });
  });

  describe('changes', () => {
    it('accounts on the primary, then replicas, then the primary', () => {
      expect(ids(given)).toEqual(['accounts', 'require-db2', 'require-db3', 'require-db1']);
      expect(text(given)).toContain("db1: ALTER USER IF EXISTS 'app'@'%' REQUIRE SSL;");
      expect(text(given)).not.toMatch(/db[23]: ALTER/);
      expect(steps(given).some(({ commits }) => commits === true)).toBe(false);
    });

    it('only what lets plaintext in', () => {
      const half = withSection(loose, 'db2', 'tls', { required: true });
      expect(ids(scene(half))).toEqual(['accounts', 'require-db3', 'require-db1']);
      expect(text(given)).not.toContain('root');
      expect(text(given)).not.toContain('lockstep_');
    });

    it('no account that asks for more elsewhere: replication would weaken it there', () => {
      const strict = withAccounts(loose, 'db3', [{ ...app, requires: 'x509' }, report]);
      expect(text(scene(strict))).not.toContain("'app'");
      expect(text(scene(strict))).toContain("'report'@'10.0.%'");
      expect(remarks(scene(strict))).toContain(
        "'app'@'%' of db1 stays as it is: db3 demands a certificate of it, and replication would take that away.",
      );
      const both = withAccounts(loose, 'db3', [{ ...app, requires: 'ssl' }, report]);
      expect(text(scene(both))).toContain("'app'@'%'");
    });

    it('no account that the primary does not have, or has otherwise', () => {
      const odd = withAccounts(loose, 'db2', [app, report, { user: 'adhoc', host: '%', requires: 'nothing' }]);
      expect(text(scene(odd))).not.toContain('adhoc');
      expect(remarks(scene(odd))).toContain("'adhoc'@'%' of db2 stays as it is: it is another one on db1.");
    });
  });

  describe('sees', () => {
    const closed = names.reduce(
      (snapshot, name) =>
        withSection(
          withAccounts(snapshot, name, [
            { ...app, requires: 'ssl' },
            { ...report, requires: 'ssl' },
          ]),
          name,
          'tls',
          {
            required: true,
            requiredPersisted: flavour === 'mysql' ? true : undefined,
          },
        ),
      loose,
    );

    it('each step done, and taken back', () => {
      for (const { id, done, undo } of steps(given)) {
        expect([done(seenOf(loose)), undo?.done(seenOf(loose))], id).toEqual([false, true]);
        expect([done(seenOf(closed)), undo?.done(seenOf(closed))], id).toEqual([true, false]);
      }
    });

    it('neither on a server that is gone', () => {
      for (const id of ['accounts', 'require-db1'])
        for (const snapshot of [loose, closed]) {
          const { done, undo } = stepOf(given, id);
          const hidden = seenOf(down(snapshot, 'db1'));
          expect([done(hidden), undo?.done(hidden)], id).toEqual([false, false]);
        }
    });

    it('neither while some accounts are changed and some are not', () => {
      const { done, undo } = stepOf(given, 'accounts');
      const half = seenOf(withAccounts(loose, 'db1', [app, { ...report, requires: 'ssl' }]));
      expect([done(half), undo?.done(half)]).toEqual([false, false]);
      // One that is gone is no matter.
      expect(done(seenOf(withAccounts(loose, 'db1', [{ ...app, requires: 'ssl' }])))).toBe(true);
      expect(done(seenOf(withSection(closed, 'db1', 'accounts', { listed: undefined })))).toBe(false);
    });
  });
});

it('puts back exactly what was laid down for the next start', () => {
  const undoOf = (requiredPersisted: boolean | undefined) => {
    const snapshot = withSection(open(newest.mysql), 'db2', 'tls', { requiredPersisted });
    const step = stepOf(scene(snapshot), 'require-db2');
    return step.undo?.plan.flatMap((action) =>
      action.kind === 'sql' ? action.statements.map((statement) => statement.text.join('')) : [],
    );
  };
  expect(undoOf(undefined)).toEqual([
    'SET GLOBAL require_secure_transport = OFF',
    'RESET PERSIST IF EXISTS require_secure_transport',
  ]);
  expect(undoOf(false)).toEqual(['SET PERSIST require_secure_transport = OFF']);
  expect(undoOf(true)).toEqual(['SET GLOBAL require_secure_transport = OFF']);
});

it('changes on the primary alone, weakens nobody, and can take back all of it, whatever accounts there are', () => {
  const account = fc.record({
    user: fc.constantFrom('app', 'cron', `o'x\\`, ''),
    host: fc.constantFrom('%', '10.0.%', 'localhost', '127.0.0.1'),
    requires: fc.constantFrom('nothing', 'ssl', 'x509', 'specified'),
  });
  const accounts = fc.uniqueArray(account, { selector: ({ user, host }) => `${user}@${host}`, maxLength: 8 });
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(newest)), accounts, accounts, (column, onPrimary, onReplica) => {
      const snapshot = withAccounts(withAccounts(open(column), 'db1', onPrimary), 'db2', onReplica);
      const step = steps(scene(snapshot)).find(({ id }) => id === 'accounts');
      const altered = (step?.plan ?? []).flatMap((action) => {
        expect(action).toMatchObject({ kind: 'sql', on: 'db1' });
        return action.kind === 'sql' ? action.statements.map(({ values }) => JSON.stringify(values)) : [];
      });
      const named = (list: readonly Account[], ...kinds: Account['requires'][]) =>
        list.filter(({ requires }) => kinds.includes(requires)).map(({ user, host }) => JSON.stringify([user, host]));
      const strict = new Set([...named(onPrimary, 'x509', 'specified'), ...named(onReplica, 'x509', 'specified')]);
      expect(altered.filter((one) => strict.has(one))).toEqual([]);
      expect(altered.filter((one) => !named(onPrimary, 'nothing').includes(one))).toEqual([]);
      const undone = (step?.undo?.plan ?? []).flatMap((action) =>
        action.kind === 'sql' ? action.statements.map(({ values }) => JSON.stringify(values)) : [],
      );
      expect(undone).toEqual(altered);
    }),
  );
});

goldenPlans(procedure, [
  {
    title: 'accounts and servers, with two who would be locked out',
    scene: (column) =>
      scene(
        withAccounts(open(column), 'db3', [app, { ...report, requires: 'x509' }]),
        remembered(10, [came('app', '10.0.0.7', false, 1), came('cron', '10.0.0.8', false, 5)]),
      ),
    parameters,
  },
  {
    title: 'one server that does not tell who comes, without knowing',
    scene: (column) =>
      scene(
        ['db1', 'db3'].reduce(
          (snapshot, name) => withSection(snapshot, name, 'tls', { required: true }),
          withFacts(open(column, [app]), 'db2', { plaintext: undefined }),
        ),
        { servers: {} },
      ),
    parameters: { cluster: 'production', 'observed-for': '0s' },
  },
]);
