import { expect, it } from 'vitest';
import { deferKeys, referencedIn } from '../../src/dialects/deferred-keys.js';
import { rowStatements } from '../../src/dialects/dump-columns.js';
import { dropThing, forgetTable, noteMade } from '../../src/dialects/made-tables.js';
import { newestOf } from '../../src/dialects/snapshot-statements.js';

const table = (lines: readonly string[], engine = 'InnoDB') =>
  ['CREATE TABLE `t` (', lines.map((line) => `  ${line}`).join(',\n'), `) ENGINE=${engine} DEFAULT CHARSET=utf8mb4`].join('\n'); // prettier-ignore
const id = '`id` int(11) NOT NULL AUTO_INCREMENT';

it('takes out secondary indexes, and nothing else', () => {
  const { table: made, keys } = deferKeys(table([id, '`a` int(11)', 'PRIMARY KEY (`id`)', 'UNIQUE KEY `u` (`a`)', 'KEY `k, (` (`a`,`id`)']), false); // prettier-ignore
  expect(made).toBe(table([id, '`a` int(11)', 'PRIMARY KEY (`id`)']));
  expect(keys).toEqual(['ADD UNIQUE KEY `u` (`a`)', 'ADD KEY `k, (` (`a`,`id`)']);
});

it.each([
  ['without a primary key', table(['`a` int(11) NOT NULL', 'UNIQUE KEY `u` (`a`)']), false],
  ['whose counting column is another', table([id, '`a` int(11)', 'PRIMARY KEY (`a`)', 'KEY `k` (`id`)']), false],
  ['with a foreign key', table([id, 'PRIMARY KEY (`id`)', 'KEY `k` (`id`)', 'CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `p` (`id`)']), false], // prettier-ignore
  ['that a foreign key leads to', table([id, 'PRIMARY KEY (`id`)', 'KEY `k` (`id`)']), true],
  ['of another engine', table([id, 'PRIMARY KEY (`id`)', 'KEY `k` (`id`)'], 'MyISAM'), false],
])('leaves a table %s as it is', (_, definition, referenced) => {
  expect(deferKeys(definition, referenced)).toEqual({ table: definition, keys: [] });
});

it('finds what foreign keys lead to', () => {
  expect(referencedIn(table([id, 'CONSTRAINT `c` FOREIGN KEY (`id`) REFERENCES `p` (`id`)', 'CONSTRAINT `d` FOREIGN KEY (`id`) REFERENCES `s`.`q` (`id`)']))).toEqual(['`p`', '`s`.`q`']); // prettier-ignore
});

it('reads what text would lose, and converts what bytes are not taken for', () => {
  const columns = [
    { c: 'id', d: 'int', x: 'auto_increment' },
    { c: 'f', d: 'float', x: '' },
    { c: 'j', d: 'json', x: '' },
    { c: 'u', d: 'uuid', x: 'DEFAULT_GENERATED' },
    { c: 'g', d: 'int', x: 'STORED GENERATED' },
  ];
  const mysql = rowStatements('`s`.`t`', columns, 'mysql');
  expect(mysql.select).toBe('SELECT `id`, `f` + 0e0, `j`, `u` FROM `s`.`t`');
  expect(mysql.load).toContain('(`id`, `f`, @v2, `u`) SET `j` = CONVERT(@v2 USING utf8mb4)');
  expect(rowStatements('`s`.`t`', columns, 'mariadb').load).toContain('(`id`, `f`, `j`, @v3) SET `u` =');
});

it('takes the newer of two positions in each domain', () => {
  expect(newestOf('0-1-9,5-1-2', '0-2-10')).toBe('0-2-10,5-1-2');
  expect(newestOf('', '0-1-500')).toBe('0-1-500');
  expect(newestOf('', '')).toBe('');
});

it('takes away what an earlier try made, whatever it is', () => {
  const kinds = ['BASE TABLE', 'VIEW', 'SEQUENCE', 'TRIGGER', 'PACKAGE BODY'];
  expect(kinds.map((y) => dropThing({ s: 's', t: 'a`b', y }))).toEqual([
    'DROP TABLE IF EXISTS `s`.`a``b`',
    'DROP VIEW IF EXISTS `s`.`a``b`',
    'DROP SEQUENCE IF EXISTS `s`.`a``b`',
    'DROP TRIGGER IF EXISTS `s`.`a``b`',
    'DROP PACKAGE BODY IF EXISTS `s`.`a``b`',
  ]);
});

it('notes what was made by names that nobody breaks out of', () => {
  const made = { schema: "s'", name: 't', digest: 'd', whole: true };
  expect(noteMade(made)).toBe("REPLACE INTO lockstep_fresh.made VALUES ('s''', 't', 'd', 1)");
  expect(forgetTable(made)).toBe("DELETE FROM lockstep_fresh.made WHERE s = 's''' AND t = 't'");
});
