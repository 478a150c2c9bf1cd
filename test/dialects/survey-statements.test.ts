import { expect, it } from 'vitest';
import { columnFor } from '../../src/dialects/capabilities.js';
import { holdingsOf, holdingsStatements } from '../../src/dialects/survey-statements.js';

const named = (...names: readonly string[]) => names.map((name) => ({ name }));
const answers = [
  [{ data: '/data', tables: '1', bytes: '1' }],
  [],
  [],
  [{ active: '0' }],
  [{ bytes: '0' }],
  [{ allowed: '0', enabled: '0' }],
];

it('tells what was installed by statements from what the configuration loads, or is built in', () => {
  const found = holdingsOf([...answers, named('shop.prices'), named('InnoDB', 'ED25519', 'clone'), named('ed25519', 'gone'), named('metaphon'), named('file://x')], 'mysql'); // prettier-ignore
  expect(found.installed).toEqual([
    { kind: 'plugin', name: 'ed25519' },
    { kind: 'function', name: 'metaphon' },
    { kind: 'component', name: 'file://x' },
  ]);
  expect(found.historic).toEqual(['shop.prices']);
  expect(found.loaded).toEqual(['innodb', 'clone']);
});

it('asks for components where there are any', () => {
  const asks = (flavour: 'mariadb' | 'mysql', release: readonly [number, number, number]) =>
    holdingsStatements(columnFor({ flavour, release })).some((statement) => statement.includes('mysql.component'));
  expect([asks('mysql', [9, 7, 0]), asks('mysql', [8, 0, 11]), asks('mysql', [5, 7, 44]), asks('mariadb', [11, 8, 0])]).toEqual([true, true, false, false]); // prettier-ignore
});
