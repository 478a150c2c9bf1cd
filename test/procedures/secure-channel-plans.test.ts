import fc from 'fast-check';
import { expect, it } from 'vitest';
import { columns } from '../../src/dialects/capabilities.js';
import type { SiteServer } from '../../src/domain/scene.js';
import type { Channel } from '../../src/domain/snapshot.js';
import { planOf } from '../../src/engine/plan.js';
import { secureChannel as procedure } from '../../src/procedures/secure-channel.js';
import { goldenPlans } from './golden.js';
import { byPosition, files, noTls, notVerifying, plaintext, siteWith } from './plaintext-channel.js';
import { of, sceneOf } from './scenes.js';

it('holds no secret, states every TLS option, and a position wherever the host alone would restart', () => {
  const channels = fc.record<Partial<Channel>>({
    io: fc.constantFrom('running', 'connecting', 'stopped'),
    sql: fc.constantFrom('running', 'stopped'),
    lagSeconds: fc.constantFrom(undefined, 0, 30, 3600),
    delaySeconds: fc.constantFrom(0, 600),
    heartbeatPeriodSeconds: fc.constantFrom(undefined, 0, 2.5, 30),
    name: fc.constantFrom('', 'east', `we'st\\`),
    tls: fc.constantFrom(noTls, { ...noTls, enabled: true }, { ...noTls, ...files, enabled: true }),
  });
  const given = fc.record({
    column: fc.constantFrom(...columns),
    change: channels,
    gtid: fc.constantFrom('off', 'slave_pos', 'current_pos', 'auto'),
    host: fc.constantFrom<SiteServer['host']>(undefined, 'local', 'ssh'),
  });
  fc.assert(
    fc.property(given, ({ column, change, gtid, host }) => {
      fc.pre(gtid === 'off' || (gtid === 'auto') === (column.flavour === 'mysql'));
      const snapshot = plaintext(column, { ...change, gtid: { mode: gtid, received: undefined } });
      const parameters = of('db2', { channel: change.name ?? '' });
      const plan = planOf(procedure, { snapshot, site: siteWith({ host }) }, parameters);
      const statements = plan.sections.flatMap((section) =>
        section.steps.flatMap((step) =>
          step.plan.flatMap((action) =>
            action.kind === 'sql' ? action.statements.map(({ text }) => text.join('?')) : [],
          ),
        ),
      );
      const [changing, ...others] = statements.filter((statement) => statement.startsWith('CHANGE'));
      expect(others).toEqual([]);
      for (const option of [
        'SSL',
        'SSL_VERIFY_SERVER_CERT',
        'SSL_CA',
        'SSL_CAPATH',
        'SSL_CERT',
        'SSL_KEY',
        'SSL_CIPHER',
        'SSL_CRL',
        'SSL_CRLPATH',
      ])
        expect(changing).toContain(`${column.sourceWord}_${option}=`);
      const states = (option: string) => changing?.includes(`_${option}=`);
      expect([states('LOG_FILE'), states('LOG_POS')]).toEqual([gtid === 'off', gtid === 'off']);
      if (column.flavour === 'mariadb') expect(changing).toContain(`MASTER_USE_GTID=${gtid === 'off' ? 'no' : gtid}`);
      // Only MySQL's auto position depends on nothing that a CHANGE of the host resets.
      const says = states('AUTO_POSITION') === true || states('USE_GTID') === true;
      expect(says || gtid === 'auto').toBe(true);
      const commits = plan.sections.flatMap((section) => section.steps.filter((step) => step.commits));
      expect(commits.map(({ id }) => id)).toEqual(['repoint']);
      expect(plan.sections.find(({ name }) => name === 'repoint')?.steps.map(({ id }) => id)).toEqual([
        'stop',
        'repoint',
      ]);
    }),
  );
});

goldenPlans(procedure, [
  {
    title: 'a channel without TLS, by GTID',
    scene: (column) => sceneOf(plaintext(column)),
    parameters: of('db2', { channel: '' }),
  },
  {
    title: 'a named channel that does not verify, by file and position',
    scene: (column) => sceneOf(plaintext(column, { ...byPosition, ...notVerifying, name: 'east' })),
    parameters: of('db2', { channel: 'east' }),
  },
  {
    title: 'a delayed replica whose files Lockstep does not reach',
    scene: (column) => ({
      snapshot: plaintext(column, {
        ...byPosition,
        delaySeconds: 3600,
        executed: { file: 'bin.000003', position: 120 },
      }),
      site: siteWith({ host: undefined }),
    }),
    parameters: of('db2', { channel: '' }),
  },
  {
    title: 'a channel that was stopped on purpose',
    scene: (column) => sceneOf(plaintext(column, { io: 'stopped', sql: 'stopped' })),
    parameters: of('db2', { channel: '' }),
  },
]);
