import { expect, it } from 'vitest';
import { columns } from '../../src/dialects/capabilities.js';
import { operateGrants, operatePrivileges } from '../../src/dialects/operate-grants.js';
import { procedureNames } from '../../src/domain/procedure-names.js';
import { columnNamed } from './rows.js';

const account = { user: 'act' };

it.each([
  [
    'mariadb-10.5',
    [
      "GRANT CONNECTION ADMIN, PROCESS, READ_ONLY ADMIN ON *.* TO 'act'@'%'",
      "GRANT SELECT (Host, Priv, User) ON mysql.global_priv TO 'act'@'%'",
      "GRANT SELECT (Host, Role, User) ON mysql.roles_mapping TO 'act'@'%'",
    ],
  ],
  ['mariadb-12', ["GRANT READ_ONLY ADMIN ON *.* TO 'act'@'%'"]],
  ['mysql-5.7', ["GRANT SUPER ON *.* TO 'act'@'%'"]],
  ['mysql-8.0', ["GRANT SYSTEM_VARIABLES_ADMIN ON *.* TO 'act'@'%'"]],
])('to close a server, in the words of %s', (name, statements) => {
  expect(operateGrants(columnNamed(name), account, ['fence-writable-replica'])).toEqual(statements);
});

it('says each privilege once, however many procedures need it', () => {
  for (const column of columns) {
    const privileges = operatePrivileges(column);
    expect(new Set(privileges).size).toBe(privileges.length);
    expect(privileges).toEqual([...new Set(procedureNames.flatMap((name) => operatePrivileges(column, [name])))]);
    // The one word that would make all others needless.
    expect(operateGrants(column, account).join()).not.toContain('ALL');
  }
});
