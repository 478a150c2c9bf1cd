import { procedureNames, type ProcedureName } from '../domain/procedure-names.js';
import { columnFor, type Column } from './capabilities.js';
import { createAccount, type Requirement } from './grant-statements.js';
import { grantsFor } from './grants.js';
import { operateGrants, operatePrivileges, replicationGrants } from './operate-grants.js';

const mariadb = columnFor({ flavour: 'mariadb', release: [10, 11, 0] });
const mariadb12 = columnFor({ flavour: 'mariadb', release: [12, 0, 0] });
const mysql57 = columnFor({ flavour: 'mysql', release: [5, 7, 44] });
const mysql = columnFor({ flavour: 'mysql', release: [8, 4, 0] });

/** The README's block of statements that make the monitor account, for servers as their vendors ship them. */
export function grantBlocks(): string {
  const account = { user: 'lockstep_monitor' };
  return [
    block('MariaDB 10.5 to 12', [account.user, 'ssl'], grantsFor(mariadb, account, { performanceSchema: false })),
    block('MySQL 8.0.22 to 9', [account.user, 'ssl'], grantsFor(mysql, account, { performanceSchema: true })),
  ].join('\n\n');
}

/** The README's statements that make the accounts of procedures and of replicas, and what each procedure needs of them. */
export function operateGrantBlocks(): string {
  const account = { user: 'lockstep_operate' };
  const replication = { user: 'replication' };
  return [
    block('MariaDB 10.5 to 11.8', [account.user, 'ssl'], operateGrants(mariadb, account)),
    block('MySQL 8.0 to 9', [account.user, 'ssl'], operateGrants(mysql, account)),
    table(),
    block('Replicas, on every version', [replication.user, 'x509'], replicationGrants(replication)),
  ].join('\n\n');
}

function block(title: string, [user, requirement]: [string, Requirement], grants: readonly string[]): string {
  const statements = [createAccount({ user }, requirement), ...grants];
  return [`${title}:`, '', '```sql', ...statements.map((statement) => `${statement};`), '```'].join('\n');
}

function table(): string {
  const columns: readonly [string, Column][] = [
    ['MariaDB 10.5 to 11.8', mariadb],
    ['MariaDB 12', mariadb12],
    ['MySQL 5.7', mysql57],
    ['MySQL 8.0 to 9', mysql],
  ];
  const row = (name: ProcedureName) => [`\`${name}\``, ...columns.map(([, column]) => cell(column, name))];
  return [
    ['procedure', ...columns.map(([title]) => title)],
    columns.map(() => '---').concat('---'),
    ...procedureNames.map(row),
  ]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** What is granted on everything by its name alone. */
function cell(column: Column, procedure: ProcedureName): string {
  return operatePrivileges(column, [procedure])
    .map((privilege) => `\`${privilege.replace(/ ON \*\.\*$/, '')}\``)
    .join(', ');
}
