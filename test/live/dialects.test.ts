import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/base/secret.js';
import { columnFor, type Column } from '../../src/dialects/capabilities.js';
import { type Detected, detection, identify } from '../../src/dialects/detect.js';
import { factsOf } from '../../src/dialects/facts.js';
import { grantFor, grantsFor } from '../../src/dialects/grants.js';
import { nextStartOf, printSettings, printedSettings } from '../../src/dialects/next-start.js';
import type { Answers, Question, QuestionOptions } from '../../src/dialects/question.js';
import { questionsFor } from '../../src/dialects/questions.js';
import { resetReplica, stopReplica } from '../../src/dialects/replication-statements.js';
import type { ServerFacts } from '../../src/domain/snapshot.js';
import { QueryError, type Session, openSession } from '../../src/mysql/session.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { coordinatesOf } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { describeEach } from './matrix.js';

const user = 'asker';
const password = new Secret('asked-and-answered');
const options: QuestionOptions = {
  heartbeatTable: { schema: 'percona', table: 'heartbeat', utc: true },
  registered: true,
};
/** Refused for want of a privilege on a table, a column, or anything else. */
const refusals = [1142, 1143, 1227];
/** ER_INCORRECT_GLOBAL_LOCAL_VAR: only a start sets it. */
const readOnlyVariable = 1238;

await describeEach('dialects', (version) => {
  describe.each([true, false])('with performance_schema %s', (performanceSchema) => {
    let cluster: SandboxCluster;
    beforeAll(async () => {
      cluster = await createCluster({ version, replicas: 1, performanceSchema });
      await cluster.primary.run([
        'CREATE DATABASE percona',
        'CREATE TABLE percona.heartbeat (ts varchar(26) NOT NULL, server_id int unsigned NOT NULL PRIMARY KEY)',
        "INSERT INTO percona.heartbeat VALUES (DATE_FORMAT(UTC_TIMESTAMP(6), '%Y-%m-%dT%H:%i:%s.%f'), @@server_id)",
      ]);
    });
    afterAll(async () => {
      await cluster.stop();
    });

    it('takes the column of its series, proven live', async () => {
      const { detected } = await dialectOf(cluster.primary);
      expect(detected).toMatchObject({ proof: 'live', newerThanKnown: false, performanceSchema });
      expect(`${detected.flavour}-${detected.release[0]}.${detected.release[1]}`).toBe(version);
    });

    it('answers each question to an account with its grants alone, and refuses it to one with none', async () => {
      for (const server of cluster.servers) {
        const { column, detected } = await dialectOf(server);
        const all = await askAll(cluster, server, grantsFor(column, { user }, detected, options));
        for (const question of all.questions) {
          await ask(cluster, server, grantFor(question, { user }), [question]);
          if (question.privileges.length === 0) continue;
          await expect(ask(cluster, server, [], [question]), question.id).rejects.toSatisfy(
            (error) => error instanceof QueryError && refusals.includes(error.errno),
          );
        }
      }
    });

    it('tells all there is to tell of a primary', async () => {
      const { facts, column } = await askAll(cluster, cluster.primary);
      const [replica] = cluster.replicas;
      expect(facts).toMatchObject({
        // Opened by SET GLOBAL, which says nothing of the next start.
        state: { readOnly: false, bootReadOnly: undefined },
        channels: [],
        tls: { haveSsl: 'YES', session: { version: 'TLSv1.3' } },
        binlog: { enabled: true, files: [{ name: facts.binlog?.current?.file }] },
        accounts: { streaming: [{ user: cluster.accounts.replication.user, host: '%', requires: 'x509' }] },
        streams: { registered: [{ host: replica?.address.host, port: replica?.address.port }] },
      });
      expect(facts.tls?.statusNotAfter).toBeGreaterThan(Date.now() / 1000);
      expect(Math.abs(facts.state?.clockOffsetSeconds ?? Infinity)).toBeLessThan(1);
      expect(facts.heartbeats).toHaveLength(1);
      expect(Math.abs((facts.heartbeats?.[0]?.writtenAt ?? 0) - Date.now() / 1000)).toBeLessThan(120);
      const [stream] = facts.streams?.threads ?? [];
      expect(stream).toMatchObject({
        user: cluster.accounts.replication.user,
        encrypted: performanceSchema ? true : undefined,
        version: performanceSchema && column.statusByThread ? 'TLSv1.3' : undefined,
      });
      expect(facts.tls?.sessions?.every(({ count }) => count > 0)).toBe(
        performanceSchema && column.statusByThread ? true : undefined,
      );
      expect(facts.accounts?.listed).toContainEqual({
        user: cluster.accounts.replication.user,
        host: '%',
        requires: 'x509',
      });
      // The sandbox's own sessions; MariaDB counts logins only when told to, in the next test.
      const root = { user: 'root', client: 'localhost', local: true };
      expect(facts.plaintext?.sessions).toEqual(performanceSchema ? [root] : undefined);
      if (column.flavour === 'mysql' && performanceSchema && replica !== undefined)
        expect(stream?.uuid).toBe((await askAll(cluster, replica)).facts.identity.uuid);
    });

    it('counts logins without TLS by user, where MariaDB is told to', async () => {
      const { primary } = cluster;
      const { column } = await dialectOf(primary);
      if (column.flavour === 'mysql' || performanceSchema) return;
      await primary.sql('SET GLOBAL userstat = ON'); // over the socket; all others come over TLS
      const { plaintext } = (await askAll(cluster, primary)).facts;
      expect(plaintext).toEqual({ sessions: undefined, logins: [{ user: 'root', count: 1 }] });
      await primary.sql('SET GLOBAL userstat = OFF');
    });

    it('knows that a replica starts read-only', async () => {
      const [replica] = cluster.replicas;
      if (replica === undefined) throw new Error('no replica');
      expect((await askAll(cluster, replica)).facts.state).toMatchObject({ readOnly: true, bootReadOnly: true });
    });

    it('knows which settings a restart would change, and of which nothing tells', async () => {
      const { primary } = cluster;
      const { column } = await dialectOf(primary);
      const before = (await askAll(cluster, primary)).facts.state?.restartChanges;
      expect(before?.surely).toEqual([]);
      await primary.run([
        ...(column.persists ? ['SET PERSIST max_connections = 170', 'SET PERSIST long_query_time = 7'] : []),
        'SET GLOBAL max_connections = 171',
        'SET GLOBAL net_retry_count = 11',
      ]);
      const { restartChanges } = (await askAll(cluster, primary)).facts.state ?? {};
      if (column.persists) expect(restartChanges?.surely).toEqual(['max_connections']);
      expect(restartChanges?.perhaps).toContain('net_retry_count');
      expect(restartChanges?.perhaps.includes('max_connections')).toBe(!column.persists);
      if (column.persists) await primary.sql('RESET PERSIST');
    });

    it('prints settings that are in force after a start, but for those that it settles later', async () => {
      const [replica] = cluster.replicas;
      if (replica === undefined) throw new Error('no replica');
      const [program, ...words] = [...replica.argv, ...printSettings];
      const { stdout } = await promisify(execFile)(program, words, { maxBuffer: 10_000_000 });
      const rows = (await replica.sql('SHOW GLOBAL VARIABLES')).map((row) => ({ name: row['Variable_name'] ?? '', value: row['Value'] ?? '', persisted: null })); // prettier-ignore
      const unlike = nextStartOf(rows, stdout)?.surely ?? [];
      expect(printedSettings(stdout).size).toBeGreaterThan(500);
      // Those that only a start can set do not matter: nobody has set them since.
      const settable: string[] = [];
      for (const name of unlike)
        await replica.sql(`SET GLOBAL ${name} = @@GLOBAL.${name}`).then(
          () => settable.push(name),
          (refused: unknown) => {
            if (!(refused instanceof QueryError) || refused.errno !== readOnlyVariable) settable.push(name);
          },
        );
      expect(settable).toEqual([]);
    });

    it('follows a source on two channels in its own words, and tells both apart', async () => {
      const [replica] = cluster.replicas;
      if (replica === undefined) throw new Error('no replica');
      const second = await cluster.add('db9');
      const { column } = await dialectOf(replica);
      await replica.run([stopReplica(column), resetReplica(column)]);
      expect((await askAll(cluster, replica)).facts.channels).toEqual([]);
      await cluster.follow(replica, cluster.primary);
      await cluster.follow(replica, second, { channel: "we'st", from: await coordinatesOf(second) });
      const { channels } = (await askAll(cluster, replica)).facts;
      expect(
        channels?.map(({ name, source, io, sql, ioError, tls }) => [name, source.port, io, sql, ioError, tls.verify]),
      ).toEqual([
        ['', cluster.primary.address.port, 'running', 'running', undefined, true],
        ["we'st", second.address.port, 'running', 'running', undefined, true],
      ]);
      expect(channels?.[1]?.gtid.mode).toBe('off');
      expect(channels?.[0]).toMatchObject({
        heartbeatPeriodSeconds: expect.any(Number) as unknown,
        delaySeconds: 0,
        gtid: { mode: column.flavour === 'mysql' ? 'auto' : 'slave_pos' },
        tls: { ...cluster.channelTls(replica), enabled: true },
      });
      await replica.run([stopReplica(column, "we'st", 'io')]);
      const stopped = (await askAll(cluster, replica)).facts.channels?.[1];
      expect(stopped).toMatchObject({ io: 'stopped', sql: 'running', lagSeconds: undefined });
      await replica.run([stopReplica(column, "we'st"), resetReplica(column, "we'st")]);
      expect((await askAll(cluster, replica)).facts.channels).toHaveLength(1);
    });
  });
});

async function dialectOf(server: SandboxServer): Promise<{ column: Column; detected: Detected }> {
  const [row] = await server.sql(detection);
  const detected = identify(row ?? {});
  return { detected, column: columnFor(detected) };
}

/** Every question that the server's answers call for, and the facts, as an account with these grants gets them. */
async function askAll(
  cluster: SandboxCluster,
  server: SandboxServer,
  grants?: readonly string[],
): Promise<{ facts: ServerFacts; column: Column; questions: readonly Question[] }> {
  const { column, detected } = await dialectOf(server);
  const asked = new Map<string, Question>();
  let answers: Answers = {};
  const sentAt = Date.now();
  for (;;) {
    const due = questionsFor(column, detected, options, answers).filter(({ id }) => !asked.has(id));
    if (due.length === 0) break;
    answers = {
      ...answers,
      ...(await ask(cluster, server, grants ?? grantsFor(column, { user }, detected, options), due)),
    };
    for (const question of due) asked.set(question.id, question);
  }
  const facts = factsOf(column, detected, answers, { sentAt, receivedAt: Date.now() });
  return { facts, column, questions: [...asked.values()] };
}

/** Asks in one round trip as a fresh account that has these grants and no others. */
async function ask(
  cluster: SandboxCluster,
  server: SandboxServer,
  grants: readonly string[],
  questions: readonly Question[],
): Promise<Answers> {
  const account = `'${user}'@'%'`;
  await server.run([
    'SET sql_log_bin = 0',
    `DROP USER IF EXISTS ${account}`,
    `CREATE USER ${account} IDENTIFIED BY '${password.reveal()}' REQUIRE SSL`,
    ...grants,
    'SET sql_log_bin = 1',
  ]);
  const session = await logIn(cluster, server);
  try {
    const sql = questions.map((question) => question.sql).join('; ');
    const rows = await session.query(sql, { signal: AbortSignal.timeout(10_000) });
    return Object.fromEntries(questions.map((question, index) => [question.id, rows[index] ?? []]));
  } finally {
    await session.end();
  }
}

async function logIn(cluster: SandboxCluster, server: SandboxServer): Promise<Session> {
  const ca = await readFile(cluster.client.ca);
  const target = {
    address: server.address,
    user,
    password: () => Promise.resolve(password),
    tls: { verify: 'identity' as const, ca },
  };
  return openSession(target, { signal: AbortSignal.timeout(10_000) });
}
