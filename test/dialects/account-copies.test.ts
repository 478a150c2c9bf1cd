import { describe, expect, it } from 'vitest';
import { perColumn, withoutRoles } from '../../src/dialects/account-copies.js';
import { columnFor } from '../../src/dialects/capabilities.js';
import { standsAlone } from '../../src/dialects/first-grants.js';

const columns = {
  mariadb: columnFor({ flavour: 'mariadb', release: [10, 11, 0] }),
  mysql: columnFor({ flavour: 'mysql', release: [9, 7, 0] }),
};

describe.each(['mariadb', 'mysql'] as const)('a grant on a server of %s that holds nothing', (flavour) => {
  const alone = standsAlone(columns[flavour]);

  it.each([
    "GRANT PROCESS, SLAVE MONITOR ON *.* TO `m`@`%` IDENTIFIED BY PASSWORD '*0' REQUIRE SSL",
    'GRANT USAGE ON *.* TO `m`@`%` WITH GRANT OPTION',
    'GRANT CREATE, DELETE ON `lockstep`.* TO `m`@`%`',
    "GRANT ALL PRIVILEGES ON `a``.``b ON `.* TO 'm'@'%'",
    'GRANT SELECT (`Host`, `User`) ON `mysql`.`user` TO `m`@`%`',
  ])('stands alone: %s', (grant) => {
    expect(alone(grant)).toBe(true);
  });

  it.each([
    'GRANT SELECT ON `percona`.`heartbeat` TO `m`@`%`',
    'GRANT SELECT ON `percona`.`*` TO `m`@`%`',
    'GRANT SELECT (` ON *.* TO `) ON `a`.`b` TO `m`@`%`',
    'GRANT SELECT ON `mysql`.`of_others` TO `m`@`%`',
    'GRANT EXECUTE ON PROCEDURE `a`.`p` TO `m`@`%`',
    'GRANT `watcher` TO `m`@`%`',
    'GRANT `watcher`@`%` TO `m`@`%` WITH ADMIN OPTION',
    "GRANT PROXY ON ''@'%' TO 'm'@'%' WITH GRANT OPTION",
    'SET DEFAULT ROLE `watcher` FOR `m`@`%`',
    'REVOKE SELECT ON `mysql`.* FROM `m`@`%`',
  ])('does not: %s', (grant) => {
    expect(alone(grant)).toBe(false);
  });
});

it("lets Lockstep's own accounts in with all that they read of the server itself", () => {
  const channels = 'GRANT SELECT ON `performance_schema`.`replication_connection_status` TO `m`@`%`';
  expect(standsAlone(columns.mysql)(channels)).toBe(true);
  expect(standsAlone(columns.mariadb)('GRANT SELECT (`Host`, `Priv`, `User`) ON `mysql`.`global_priv` TO `m`@`%`')).toBe(true); // prettier-ignore
});

it.each([
  ['GRANT SELECT, INSERT ON `a`.`t` TO `m`@`%`', []],
  ['GRANT USAGE ON *.* TO `m (x)`@`%` WITH GRANT OPTION', []],
  ['GRANT SELECT (`a, (b`), DELETE, UPDATE (`c``d`, `e`) ON `a`.`t (`x`) ON ` TO `m`@`%` WITH GRANT OPTION', ['DELETE', 'SELECT (`a, (b`)', 'UPDATE (`c``d`)', 'UPDATE (`e`)']], // prettier-ignore
] as const)('gives what is granted on columns for each of them: %s', (grant, wanted) => {
  const rest = grant.slice(grant.indexOf(' ON `a`'));
  expect(perColumn(grant)).toEqual(wanted.length === 0 ? [grant] : wanted.map((one) => `GRANT ${one}${rest}`));
});

describe('an account is made', () => {
  const account = { user: 'm', host: '%', role: false };

  it('before the roles that it begins with', () => {
    const words = "CREATE USER `m`@`%` IDENTIFIED WITH 'p' AS 'it''s DEFAULT ROLE `x`@`%` no'";
    expect(withoutRoles(`${words} DEFAULT ROLE \`a\`@\`%\`,\`b\`\`\`@\`h\` REQUIRE NONE`, account)).toEqual({
      make: `${words} REQUIRE NONE`,
      roles: "ALTER USER 'm'@'%' DEFAULT ROLE `a`@`%`,`b```@`h`",
    });
  });

  it('as it is where it has none', () => {
    const make = "CREATE USER `m`@`%` IDENTIFIED WITH 'p' AS ' DEFAULT ROLE `x`@`%`' REQUIRE SSL COMMENT 'a''b'";
    expect(withoutRoles(make, account)).toEqual({ make, roles: undefined });
  });
});
