import type { Scene } from '../../src/domain/scene.js';
import type { ClusterSnapshot, ServerFacts } from '../../src/domain/snapshot.js';
import type { Holdings, MachineSurvey, Survey } from '../../src/domain/survey.js';
import { withFacts } from '../domain/build.js';
import { sceneOf } from './scenes.js';

export const settings = {
  lower_case_table_names: '0',
  innodb_page_size: '16384',
  sql_mode: '',
  event_scheduler: 'ON',
  log_bin_basename: '/var/lib/mysql/bin',
};

/** As both ends of a copy are found where nothing stands against it. */
export function surveyed(server: string, holds: Partial<Holdings> = {}, machine: Partial<MachineSurvey> = {}): Survey {
  return {
    server,
    holds: {
      bytes: 3 * 2 ** 30,
      tables: 120,
      plain: [],
      plainBytes: 0,
      events: 0,
      data: '/var/lib/mysql',
      settings,
      clonePlugin: true,
      ...holds,
    },
    machine: { freeBytes: 2 ** 40, exchangeable: true, kept: false, programs: {}, ...machine },
    failures: [],
  };
}

export const copying = ['/usr/bin/mariadb-backup', '/usr/bin/mbstream', '/usr/bin/chown'];
export const dumping = ['/usr/sbin/mysqld', '/usr/bin/mariadb-install-db'];

/** Every machine as it must be configured. */
export function reached(snapshot: ClusterSnapshot, differing = 0, programs = copying): Scene {
  const { site, ...scene } = sceneOf(snapshot);
  const servers = site.servers.map((server) => ({ ...server, programs, services: ['mysql'] }));
  return { ...scene, site: { ...site, servers }, verified: [{ server: 'db2', differingTables: differing }] };
}

/** With a transaction on one server that nobody else has. */
export function errantOn(cluster: ClusterSnapshot, server = 'db2'): ClusterSnapshot {
  const more = (gtid: ServerFacts['gtid']): ServerFacts['gtid'] => {
    if (gtid?.kind === 'mysql')
      return { ...gtid, executed: `${gtid.executed},99999999-aaaa-bbbb-cccc-dddddddddddd:1-3` };
    return gtid && { ...gtid, binlogState: `${gtid.binlogState},0-99-9999` };
  };
  return withFacts(cluster, server, ({ gtid }) => ({ gtid: more(gtid) }));
}
