import { columnFor } from './capabilities.js';
import { grantsFor } from './grants.js';

/** The README's block of statements that make the monitor account, for servers as their vendors ship them. */
export function grantBlocks(): string {
  const account = { user: 'lockstep_monitor' };
  const mariadb = columnFor({ flavour: 'mariadb', release: [10, 11, 0] });
  const mysql = columnFor({ flavour: 'mysql', release: [8, 4, 0] });
  return [
    block('MariaDB 10.5 to 12', grantsFor(mariadb, account, { performanceSchema: false })),
    block('MySQL 8.0.22 to 9', grantsFor(mysql, account, { performanceSchema: true })),
  ].join('\n\n');
}

function block(title: string, grants: readonly string[]): string {
  const statements = [`CREATE USER 'lockstep_monitor'@'%' IDENTIFIED BY '…' REQUIRE SSL`, ...grants];
  return [`${title}:`, '', '```sql', ...statements.map((statement) => `${statement};`), '```'].join('\n');
}
