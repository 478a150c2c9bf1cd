import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Scope } from '../src/base/scope.js';
import { createCluster } from '../src/sandbox/cluster.js';
import { takeDirectory } from '../src/sandbox/directories.js';
import { untilCaughtUp } from '../src/sandbox/replication.js';
import type { VersionName } from '../src/sandbox/versions.js';
import { stringify } from 'yaml';
import { writeHeartbeat } from './contenders.js';
import { startLockstep } from './lockstep-process.js';
import { openRecordingProxy, type Recorded } from './recording-proxy.js';

/** What a real primary and a real replica of it answered to everything that Lockstep asks. */
export interface Recording {
  readonly primary: Recorded;
  readonly replica: Recorded;
}

/** MySQL's default login wants TLS, and what passes over TLS cannot be written down. */
const version: VersionName = 'mariadb-10.11';

export interface RecordOptions {
  /** Whether the replica's applier stands, as if somebody had stopped it, and Lockstep plans to start it. Default false. */
  readonly stopped?: boolean;
}

/** Boots a primary and a replica, has a Lockstep look at them through a recording proxy without TLS, and stops it all. */
export async function record(
  program: string | undefined,
  signal: AbortSignal,
  { stopped = false }: RecordOptions = {},
): Promise<Recording> {
  const scope = new Scope();
  try {
    const cluster = scope.own(await createCluster({ version, replicas: 1, signal }), (own) => own.stop());
    await writeHeartbeat(cluster.primary);
    await untilCaughtUp(cluster.server('db2'), cluster.primary);
    const { monitor } = cluster.accounts;
    for (const server of cluster.servers)
      await server.run([
        'SET sql_log_bin = 0',
        `ALTER USER '${monitor.user}'@'%' REQUIRE NONE`,
        `GRANT SELECT ON heartbeat.heartbeat TO '${monitor.user}'@'%'`,
        'SET sql_log_bin = 1',
      ]);
    if (stopped) await cluster.server('db2').run(['STOP SLAVE SQL_THREAD']);
    const primary = await openRecordingProxy(scope, cluster.primary.address);
    const replica = await openRecordingProxy(scope, cluster.server('db2').address);
    const directory = await takeDirectory(scope);
    const password = path.join(directory, 'password');
    await writeFile(password, monitor.password.reveal());
    await chmod(password, 0o600);
    const { url } = await startLockstep(scope, {
      program,
      configure: async (listen) => {
        const file = path.join(directory, 'lockstep.yml');
        const servers = {
          db1: { address: `${primary.address.host}:${primary.address.port}` },
          db2: { address: `${replica.address.host}:${replica.address.port}` },
        };
        const accounts = { monitor: { user: monitor.user, password_file: password } };
        const heartbeat = { table: 'heartbeat.heartbeat', utc: true };
        const clusters = { recorded: { servers, accounts, heartbeat, tls: { mode: 'disabled' } } };
        const acting = { journal: { directory: 'journal' }, tokens: [{ name: 'ops', role: 'operator', token_file: password }] }; // prettier-ignore
        const whole = { version: 1, listen, clusters, ...(stopped ? acting : {}) };
        await writeFile(file, stringify(whole), { mode: 0o600 });
        return file;
      },
    });
    // The first look asks what is asked seldom too, the second what is always asked, and the third the GTID alone.
    for (const query of ['', '', '&collect[]=gtid', '&collect[]=replication'])
      for (const server of ['db1', 'db2']) {
        const page = await (await fetch(`${url}/probe?target=recorded/${server}${query}`, { signal })).text();
        if (!page.includes(`mysql_up{cluster="recorded",server="${server}"} 1`)) throw new Error(`not up:\n${page}`);
      }
    if (stopped) await plan(url, monitor.password.reveal(), signal);
    return { primary: primary.recorded(), replica: replica.recorded() };
  } finally {
    await scope.end();
  }
}

/** The look before a plan asks all at once, also what a probe asks seldom. */
async function plan(url: string, token: string, signal: AbortSignal): Promise<void> {
  const answer = await fetch(`${url}/api/v1/plans`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
    body: JSON.stringify({ procedure: 'restart-replication', parameters: { cluster: 'recorded', server: 'db2' } }),
    signal,
  });
  const text = await answer.text();
  if (!answer.ok || !text.includes('"digest"')) throw new Error(`nothing could be planned: ${answer.status} ${text}`);
}
