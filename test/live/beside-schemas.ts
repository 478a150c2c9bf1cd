import type { VersionName } from '../../src/sandbox/versions.js';

/** Whether it knows `PUBLIC`. */
export const grantsEverybody = (version: VersionName): boolean =>
  version.startsWith('mariadb') && version !== 'mariadb-10.5';

/**
 * What a server holds for applications beside their schemas, and what accounts of Lockstep may do with these: on a
 * heartbeat's table, as `lockstep grants` says it, on columns, by a role. After {@link corpus}.
 */
export function besideSchemas(version: VersionName): readonly string[] {
  const mysql = version.startsWith('mysql');
  const [role, monitor, operate] = [mysql ? "'watchers'@'%'" : "'watchers'", "'lockstep_monitor'@'%'", "'lockstep_operate'@'%'"]; // prettier-ignore
  return [
    'CREATE DATABASE percona',
    'CREATE TABLE percona.heartbeat (ts VARCHAR(26) NOT NULL, server_id INT UNSIGNED NOT NULL PRIMARY KEY)',
    `GRANT SELECT ON percona.heartbeat TO ${monitor}`,
    `GRANT SELECT (words) ON corpus.many TO ${monitor}`,
    `GRANT EXECUTE ON PROCEDURE corpus.greet TO ${operate}`,
    `CREATE ROLE ${role}`,
    `GRANT SELECT ON corpus.texts TO ${role}`,
    `GRANT ${role} TO ${monitor}`,
    mysql ? `ALTER USER ${monitor} DEFAULT ROLE ${role}` : `SET DEFAULT ROLE ${role} FOR ${monitor}`,
    ...(grantsEverybody(version)
      ? ['GRANT SELECT ON corpus.pair TO PUBLIC', 'GRANT SELECT ON percona.* TO PUBLIC']
      : []),
    "INSERT INTO mysql.time_zone (Time_zone_id, Use_leap_seconds) VALUES (7, 'N')",
    "INSERT INTO mysql.time_zone_name (Name, Time_zone_id) VALUES ('Here/There', 7)",
    "INSERT INTO mysql.time_zone_transition_type (Time_zone_id, Transition_type_id, `Offset`, Is_DST, Abbreviation) VALUES (7, 0, 3600, 0, 'HT'), (7, 1, 7200, 1, 'HST')",
    'INSERT INTO mysql.time_zone_transition (Time_zone_id, Transition_time, Transition_type_id) VALUES (7, -2000000000, 0), (7, 1000000000, 1)',
    "SET SESSION time_zone = 'Here/There'",
    "CREATE EVENT corpus.there ON SCHEDULE EVERY 1 DAY STARTS '2035-01-01 00:00:00' DO DELETE FROM corpus.log_of",
    'SET SESSION time_zone = DEFAULT',
    "CREATE SERVER elsewhere FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'far.example', DATABASE 'd', USER 'u', PASSWORD 'it''s', PORT 3307)",
  ];
}

/** Questions whose answers are the same on every server that holds it. */
export function questionsBeside(version: VersionName): readonly string[] {
  const mysql = version.startsWith('mysql');
  return [
    "SHOW CREATE USER 'lockstep_monitor'@'%'",
    "SHOW GRANTS FOR 'lockstep_monitor'@'%'",
    "SHOW GRANTS FOR 'lockstep_operate'@'%'",
    `SHOW GRANTS FOR 'watchers'${mysql ? "@'%'" : ''}`,
    ...(grantsEverybody(version) ? ['SHOW GRANTS FOR PUBLIC'] : []),
    ...['time_zone', 'time_zone_name', 'time_zone_transition', 'time_zone_transition_type'].map((table) => `SELECT * FROM mysql.${table} ORDER BY 1, 2`), // prettier-ignore
    'SELECT * FROM mysql.servers',
    "SELECT CONVERT_TZ('2026-01-01 00:00:00', '+00:00', 'Here/There') AS there",
    "SELECT EVENT_NAME, TIME_ZONE FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'corpus' ORDER BY 1",
  ];
}

/** Installed on one server by a statement, and how it is taken away. */
export function installing(version: VersionName): readonly [name: string, install: string, uninstall: string] {
  return version.startsWith('mysql')
    ? ['component file://component_validate_password', "INSTALL COMPONENT 'file://component_validate_password'", "UNINSTALL COMPONENT 'file://component_validate_password'"] // prettier-ignore
    : ['plugin ed25519', "INSTALL SONAME 'auth_ed25519'", "UNINSTALL SONAME 'auth_ed25519'"];
}
