import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { defaultFailover, type Scene } from '../../src/domain/scene.js';
import { failover } from '../../src/procedures/failover.js';
import { Admin } from '../../src/sandbox/admin.js';
import { issueServer, sandboxAuthority } from '../../src/sandbox/certificates.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { fillDisk } from '../../src/sandbox/disk.js';
import { expired, stopReplication, swapServerCertificate } from '../../src/sandbox/faults.js';
import { openLink, type Link } from '../../src/sandbox/proxy.js';
import { untilReplicating } from '../../src/sandbox/replication.js';
import { sourcePrefix } from '../../src/sandbox/semi-sync.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';
import { describeEach, oneOfEach } from './matrix.js';
import { Workbench } from './workbench.js';

const root = process.getuid?.() === 0;
const alive = 'no: the primary db1 is not dead: ';

/**
 * Everything that looks like death and is none: to Lockstep and to every replica alike, for longer than it takes. Both
 * come to the primary by one link, from an address that servers count broken connections of.
 */
await describeEach(
  'failover never replaces a primary that is alive',
  (version) => {
    const scope = new Scope();
    const mysql = version.startsWith('mysql');
    let sandbox: SandboxCluster;
    let primary: SandboxServer;
    let link: Link;
    let toDb2: Link;
    let bench: Workbench;

    beforeAll(async () => {
      const own = { skip_name_resolve: undefined };
      const db1 = { settings: own, ...(root ? { diskMegabytes: 256 } : {}) };
      sandbox = scope.own(await createCluster({ version, servers: { db1 } }), (cluster) => cluster.stop());
      primary = sandbox.primary;
      link = await openLink(scope, primary.address, '127.0.0.201');
      toDb2 = await openLink(scope, sandbox.server('db2').address);
      const links = new Map([['db1', link], ['db2', toDb2]]); // prettier-ignore
      for (const replica of sandbox.replicas) {
        await stopReplication(replica);
        await sandbox.follow(replica, primary, { through: link.address });
      }
      bench = await Workbench.open(scope, sandbox, {
        whole: { observe: { timeout: '2s', slow_interval: '2s' } },
        ofServer: ({ name, address }) => {
          const { host, port } = links.get(name)?.address ?? address;
          return { address: `${host}:${port}` };
        },
      });
      bench.site = { ...bench.site, failover: { ...defaultFailover, evidenceSeconds: 1, looks: 3 } };
      await primary.run(['CREATE DATABASE app', 'CREATE TABLE app.t (id INT PRIMARY KEY, filler LONGTEXT)']);
      await whole();
    });
    afterAll(() => scope.end());

    const given = () => bench.parameters({ 'accept-loss': 'yes', unfenced: 'yes' });
    const need = (scene: Scene) => failover.needed(scene, given());

    const said = ({ observed, why }: ReturnType<typeof need>) => `${observed}: ${why}`;

    async function whole(): Promise<void> {
      await sandbox.open(primary);
      for (const replica of sandbox.replicas) await untilReplicating(replica);
      await bench.lookUntil('it to answer', ({ snapshot }) => snapshot.servers[0]?.facts !== undefined);
    }

    /** Whoever is connected has to come again: Lockstep, and the replicas. */
    async function hangUp(): Promise<void> {
      await link.cut();
      await link.mend();
    }

    /** A client that answers the greeting with nonsense, and goes. */
    async function breakOff(): Promise<void> {
      const socket = connect(link.address).on('error', () => undefined);
      await once(socket, 'data');
      socket.end(Buffer.from([1, 0, 0, 1, 0]));
      await once(socket, 'close');
    }

    /** For longer than it takes, by our own looks: no look takes it for dead, and in the end it is known why not. */
    async function isAlive(why: RegExp): Promise<void> {
      const verdicts = new Set<string>();
      const lasts = async () => {
        const scene = await bench.look();
        const now = need(scene);
        verdicts.add(said(now));
        const [outage] = scene.outlook?.outages ?? [];
        const long = outage !== undefined && outage.looks > 4 && scene.snapshot.at - outage.since > 2000;
        return long && now.observed === 'no' && why.test(now.why);
      };
      await until('a verdict that lasts', lasts, { every: 250, within: 15_000 }).catch((cause: unknown) => {
        throw new Error([...verdicts].join('\n'), { cause });
      });
      expect([...verdicts].filter((one) => one.startsWith('yes'))).toEqual([]);
    }

    it('whose connections are all taken (1040)', async () => {
      const idle: Socket[] = [];
      await primary.run(['SET GLOBAL max_connections = 10', 'SET GLOBAL connect_timeout = 60']);
      const full = async () => {
        await hangUp();
        for (let more = 0; more < 12; more += 1) idle.push(connect(primary.address).on('error', () => undefined));
        return /too-many-connections.*db2 \(error 1040\).*db3 \(error 1040\)/.test(need(await bench.look()).why);
      };
      await until('all to be taken', full);
      try {
        await isAlive(/does not let Lockstep in \(too-many-connections\); db1 answers db2 \(error 1040\); db1 answers db3 \(error 1040\)$/); // prettier-ignore
      } finally {
        for (const socket of idle) socket.destroy();
        await primary.run(['SET GLOBAL max_connections = 151', 'SET GLOBAL connect_timeout = 10']);
      }
      await whole();
    });

    it('that has blocked the host of all who watch it (1129)', async () => {
      await primary.sql('SET GLOBAL max_connect_errors = 1');
      // A login that succeeds in between is forgiveness for all before it.
      await until('the host to be blocked', async () => {
        for (let round = 0; round < 3; round += 1) await breakOff();
        await hangUp();
        return (await bench.look()).snapshot.servers[0]?.failure?.reason === 'host-blocked';
      });
      await isAlive(/does not let Lockstep in \(host-blocked\); db1 answers db2 \(error 1129\); db1 answers db3 \(error 1129\)$/); // prettier-ignore
      // Broken TLS counts, too.
      await primary.sql('SET GLOBAL max_connect_errors = 1000000');
      await primary.sql(mysql ? 'TRUNCATE TABLE performance_schema.host_cache' : 'FLUSH HOSTS');
      await whole();
    });

    it('whose certificate has expired', async () => {
      await swapServerCertificate(sandbox.authority, primary, { ...expired(), use: 'restart' });
      await isAlive(/does not let Lockstep in \(tls-unverified\); db1 answers db2 \(error 2026\)/);
      await swapServerCertificate(sandbox.authority, primary, {});
      await whole();
    });

    it('whose certificate is of an authority that nobody knows', async () => {
      await issueServer(await sandboxAuthority(scope, 'Stranger'), primary);
      await primary.sql(primary.words.reloadTls);
      await hangUp();
      await isAlive(/does not let Lockstep in \(tls-unverified\); db1 answers db2 \(error 2026\)/);
      await swapServerCertificate(sandbox.authority, primary, {});
      await whole();
    });

    it('that lets nobody log in', async () => {
      const { monitor, replication } = sandbox.accounts;
      const passwords = (word: (account: typeof monitor) => string) =>
        [monitor, replication].map((one) => `ALTER USER ${one.user}@'%' IDENTIFIED BY '${word(one)}'`);
      await primary.run(['SET sql_log_bin = 0', ...passwords(() => 'another-word')]);
      await hangUp();
      await isAlive(/does not let Lockstep in \(access-denied\); db1 answers db2 \(error 1045\); db1 answers db3/);
      await primary.run([...passwords(({ password }) => password.reveal()), 'SET sql_log_bin = 1']);
      await whole();
    });

    it('that holds every commit until a replica acknowledges it', async () => {
      const prefix = sourcePrefix(sandbox.version);
      if (mysql) await primary.run(['SET sql_log_bin = 0', "INSTALL PLUGIN rpl_semi_sync_source SONAME 'semisync_source.so'", 'SET sql_log_bin = 1']); // prettier-ignore
      await primary.run([
        `SET GLOBAL ${prefix}_wait_point = AFTER_SYNC`,
        `SET GLOBAL ${prefix}_timeout = 86400000`,
        `SET GLOBAL ${prefix}_enabled = ON`,
      ]);
      const writer = new Admin(primary.socketPath);
      const written = writer.query('INSERT INTO app.t VALUES (1, NULL)');
      await answersOnly();
      await primary.sql(`SET GLOBAL ${prefix}_enabled = OFF`);
      await written;
      await writer.close();
    });

    it('and does nothing where Lockstep is the one that reaches too little', async () => {
      await primary.kill();
      await toDb2.cut();
      const scene = await bench.lookUntil('the primary to be dead', (now) => need(now).observed === 'yes');
      const [refusal] = failover.refusals(scene, given());
      expect(refusal).toMatchObject({ reason: 'isolated' });
      expect(refusal?.why).toContain('Lockstep reaches 1 of the 2 servers that it watches beside db1');
      await toDb2.mend();
      await primary.start();
      await whole();
    });

    // The last: it takes a minute to notice that there is room again.
    it.runIf(root)('whose disk is full', async () => {
      await fillDisk(primary.disk);
      const writer = new Admin(primary.socketPath);
      const rows = Array.from({ length: 20 }, (_, id) => `INSERT INTO app.t VALUES (${id + 10}, REPEAT('x', 2000))`);
      // The binary log is the first that finds no room: a commit waits until there is some.
      void rows
        .reduce((before, row) => before.then(() => writer.query(row)).then(() => undefined), Promise.resolve())
        .catch(() => undefined);
      const complaint = async () => /disk is full|no space left/i.test(await readFile(primary.errorLog, 'utf8'));
      await until('it to complain about its disk', complaint, { within: 60_000 });
      await answersReplicasOnly();
      await hangUp();
      await answersReplicasOnly();
      await writer.close();
    });

    /** Three seconds of looks, none of which takes it for dead, nor doubts that it is alive. */
    async function answersOnly(): Promise<void> {
      const verdicts = new Set<string>();
      for (const end = performance.now() + 3000; performance.now() < end;) verdicts.add(said(need(await bench.look())));
      expect([...verdicts].filter((verdict) => !verdict.startsWith(alive))).toEqual([]);
    }

    /** The same, after two heartbeats of doubt at most: so long nobody can tell whether its replicas heard of it before it fell silent, or since. */
    async function answersReplicasOnly(): Promise<void> {
      const doubts = new Set<string>();
      const sure = async () => {
        const verdict = said(need(await bench.look()));
        const known = verdict.startsWith(alive);
        if (!known) doubts.add(verdict);
        return known;
      };
      await until('nobody to doubt that it is alive', sure, { within: 10_000 });
      for (const doubt of doubts)
        expect(doubt).toMatch(/^unknown: .* has a connection to db1, and not yet been without a word of it/);
      await answersOnly();
    }
  },
  oneOfEach,
);
