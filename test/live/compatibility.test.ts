import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { quoteAccount } from '../../src/dialects/quote.js';
import { compatibilityCatalogue } from '../../src/metrics/compatibility-catalogue.js';
import { untilCaughtUp } from '../../src/sandbox/replication.js';
import { describeEach } from './matrix.js';
import type { Scrape } from './scrape.js';
import { askOne, openStage, type Stage } from './stage.js';

/** What one statement of the server's own says, keys in lower case. */
type Said = ReadonlyMap<string, string>;

await describeEach('the families of mysqld_exporter', (version) => {
  const scope = new Scope();
  let stage: Stage;

  beforeAll(async () => {
    const observe = { timeout: '5s', slow_interval: '1s', freshness: '1ms' };
    stage = await openStage(
      scope,
      { version, replicas: 1 },
      { whole: { observe, compatibility: 'mysqld_exporter' }, keys: { heartbeat: { table: 'percona.heartbeat' } } },
    );
    const { mysql, sandbox } = stage;
    const monitor = quoteAccount({ user: sandbox.accounts.monitor.user, host: '%' });
    await sandbox.primary.run([
      'CREATE DATABASE percona',
      'CREATE TABLE percona.heartbeat (ts VARCHAR(26) NOT NULL, server_id INT UNSIGNED NOT NULL PRIMARY KEY)',
      "INSERT INTO percona.heartbeat VALUES (DATE_FORMAT(NOW(6), '%Y-%m-%dT%H:%i:%s.%f'), 1)",
    ]);
    await untilCaughtUp(stage.server('db2'), sandbox.primary);
    for (const server of sandbox.servers)
      await server.run([
        'SET sql_log_bin = 0',
        ...(mysql
          ? [
              "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'",
              "INSTALL PLUGIN rpl_semi_sync_replica SONAME 'semisync_replica.so'",
            ]
          : []),
        `GRANT SELECT ON percona.heartbeat TO ${monitor}`,
        'SET sql_log_bin = 1',
      ]);
    await stage.server('db2').sql('SET GLOBAL rpl_semi_sync_' + (mysql ? 'source' : 'master') + '_timeout = 1500');
    await stage.lockstep.probeUntil(
      'db2',
      'the heartbeat and the plugins to be seen',
      (page) =>
        page.value('mysql_heartbeat_stored_timestamp_seconds') !== undefined &&
        page.value('mysql_global_variables_rpl_semi_sync_source_timeout') === 1500,
    );
  });

  afterAll(() => scope.end());

  it('are what the server itself says, in both spellings', async () => {
    const before = await saidBy();
    const page = await stage.lockstep.probe('db2');
    const after = await saidBy();
    let compared = 0;
    for (const { name } of compatibilityCatalogue) {
      const values = [valueOf(name, before, page), valueOf(name, after, page)];
      const found = page.all(name);
      if (values.every((value) => value === undefined)) {
        expect(found, `${name} is not said by ${version}`).toEqual([]);
        continue;
      }
      expect(found, name).toHaveLength(1);
      const [one] = found;
      // Counters and clocks go on between the two times that the server was asked.
      expect(one?.value, name).toBeGreaterThanOrEqual(values[0] ?? NaN);
      expect(one?.value, name).toBeLessThanOrEqual(values[1] ?? NaN);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(compatibilityCatalogue.length - 15);
  });

  it('are labelled as that exporter labels them', async () => {
    const { mysql } = stage;
    const page = await stage.lockstep.probe('db2');
    const { host, port } = stage.sandbox.primary.address;
    expect(page.all('mysql_slave_status_replica_io_running').map(({ labels }) => labels)).toEqual([
      {
        cluster: 'sandbox',
        server: 'db2',
        master_host: host,
        master_uuid: mysql ? await askOne(stage.sandbox.primary, '@@server_uuid') : '',
        channel_name: '',
        connection_name: '',
      },
    ]);
    expect(page.value('mysql_slave_status_source_port')).toBe(port);
    expect(page.value('mysql_slave_status_master_port')).toBe(port);
    expect(page.all('mysql_heartbeat_now_timestamp_seconds').map(({ labels }) => labels['server_id'])).toEqual(['1']);
    expect(page.all('mysql_version_info').map(({ labels }) => labels['version'])).toEqual([
      await askOne(stage.server('db2'), 'VERSION()'),
    ]);
  });

  async function saidBy(): Promise<{ variables: Said; status: Said; replica: Said; stored: string; now: number }> {
    const db2 = stage.server('db2');
    const named = async (sql: string): Promise<Said> =>
      new Map((await db2.sql(sql)).map((row) => [(row['Variable_name'] ?? '').toLowerCase(), row['Value'] ?? '']));
    const [replica = {}] = await db2.sql(db2.words.status);
    return {
      variables: await named('SHOW GLOBAL VARIABLES'),
      status: await named('SHOW GLOBAL STATUS'),
      replica: new Map(
        Object.entries(replica).flatMap(([column, value]) => (value === null ? [] : [[older(column), value]])),
      ),
      stored: await askOne(db2, '(SELECT UNIX_TIMESTAMP(ts) FROM percona.heartbeat)'),
      now: Number(await askOne(db2, 'UNIX_TIMESTAMP(NOW(6))')),
    };
  }

  function valueOf(name: string, said: Awaited<ReturnType<typeof saidBy>>, page: Scrape): number | undefined {
    const { variables, status, replica } = said;
    const mysql = stage.mysql;
    const [, variable] = /^mysql_global_variables_(.*)$/.exec(name) ?? [];
    if (variable === 'have_ssl') return mysql ? 1 : parsed(variables.get('have_ssl'));
    if (variable === 'binlog_expire_logs_seconds' && version === 'mariadb-10.5')
      return Number(variables.get('expire_logs_days')) * 86_400;
    if (variable !== undefined) return parsed(eitherOf(variables, variable));
    const [, counter] = /^mysql_global_status_(.*)$/.exec(name) ?? [];
    // MariaDB says it only to a session that uses TLS, which root's over the socket does not.
    if (counter?.startsWith('ssl_server_not_') && !mysql)
      return page.value(`mysql_certificate_${counter.slice('ssl_server_'.length)}_timestamp_seconds`, {
        role: 'server',
        origin: 'handshake',
      });
    if (counter !== undefined) return parsed(eitherOf(status, counter));
    if (name === 'mysql_heartbeat_stored_timestamp_seconds') return Number(said.stored);
    if (name === 'mysql_heartbeat_now_timestamp_seconds') return said.now;
    if (name === 'mysql_version_info') return 1;
    const column = older(name.replace('mysql_slave_status_', ''));
    if (column === 'gtid_io_pos' || column === 'gtid_slave_pos') return parsed(replica.get(column)?.split('-')[2]);
    if (column === 'slave_heartbeat_period') return 2;
    if (column === 'slave_received_heartbeats') return page.value('mysql_replica_heartbeats_received_total');
    return parsed(replica.get(column));
  }
});

/** The older spelling, which MySQL no longer uses: the one that both can be looked up by. */
function older(column: string): string {
  return column.toLowerCase().replaceAll('replica', 'slave').replaceAll('source', 'master');
}

function eitherOf(said: Said, name: string): string | undefined {
  const newer = name.replace('master', 'source').replace('slave', 'replica');
  return said.get(older(name)) ?? said.get(newer) ?? said.get(name);
}

/** As mysqld_exporter parses: words for on and off, numbers, dates; everything else is no value. */
function parsed(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^(yes|on)$/i.test(text)) return 1;
  if (/^(no|off|connecting|disabled)$/i.test(text)) return 0;
  if (/^[A-Z][a-z]{2} +\d/.test(text)) return Date.parse(text) / 1000;
  return Number.isNaN(Number(text)) ? undefined : Number(text);
}
