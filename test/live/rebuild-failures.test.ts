import { readdirSync } from 'node:fs';
import { statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writtenDown } from '../../src/actors/copy/backup-logins.js';
import { systemClock } from '../../src/base/clock.js';
import { Scope } from '../../src/base/scope.js';
import type { Row } from '../../src/dialects/question.js';
import type { Progress } from '../../src/domain/progress.js';
import { logIn, type LoggedIn } from '../../src/mysql/login.js';
import { openSession } from '../../src/mysql/session.js';
import { openHost, type HostSettings } from '../../src/hosts/open.js';
import { rebuildReplica } from '../../src/procedures/rebuild-replica.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { command } from '../../src/sandbox/command.js';
import { openLink, type Link } from '../../src/sandbox/proxy.js';
import { channelStatus } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { sshTarget, startSshServer } from '../../src/sandbox/ssh-server.js';
import { until } from '../../src/sandbox/until.js';
import { corpus } from './corpus.js';
import { describeEach, oneOfEach } from './matrix.js';
import { hostsOf } from './rebuild-hosts.js';
import { commandsOf } from './witness.js';
import { Workbench } from './workbench.js';

const root = process.getuid?.() === 0;

/** What breaks in the middle of a copy: the donor is free, the target as it was, and nothing of the copy is left. */
await describeEach(
  'a rebuilding that breaks',
  (version) => {
    const scope = new Scope();
    const mysql = version.startsWith('mysql');
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let link: Link;

    beforeAll(async () => {
      const settings = mysql ? { plugin_load_add: 'mysql_clone.so' } : {};
      const servers = root ? { db2: { diskMegabytes: 1024 } } : {};
      sandbox = scope.own(await createCluster({ version, replicas: 2, settings, servers }), (cluster) =>
        cluster.stop(),
      );
      bench = await Workbench.open(scope, sandbox);
      // Between both machines, and between Lockstep and the donor's, lies a stretch of network.
      const hosts = await hostsOf(scope, sandbox);
      const ssh = await startSshServer(scope);
      link = await openLink(scope, mysql ? donor().address : ssh.address);
      const host = (name: string): HostSettings => {
        const { paths, programs, services } = hosts(name);
        if (name !== 'db3' || mysql) return hosts(name);
        return {
          ...{ kind: 'ssh', sudo: false, ...sshTarget(ssh, link.address) },
          ...{ paths, programs, services },
        };
      };
      const machines = bench.site.servers.map((server) => ({
        ...server,
        ...{ programs: hosts(server.name).programs, services: ['mysql'] },
        ...(mysql && server.name === 'db3' ? { address: link.address } : {}),
      }));
      bench.site = { ...bench.site, servers: machines };
      bench.reach = { ...bench.reach, host: (name) => openHost(host(name)) };
      await sandbox.primary.run(corpus(sandbox.version));
      if (mysql) await sandbox.primary.sql('ALTER TABLE corpus.searchindex ENGINE = InnoDB');
    });

    afterAll(() => scope.end());

    const target = (): SandboxServer => sandbox.server('db2');
    const donor = (): SandboxServer => sandbox.server('db3');
    const parameters = () => bench.parameters({ server: 'db2', from: 'db3' });

    /**
     * A replica that follows nobody is to be built; what happens in the middle of the copy is what is tested.
     * @param after what mends it
     */
    async function broken(happens: () => Promise<void>, after: () => Promise<void> = () => Promise.resolve()) {
      await target().sql(mysql ? 'STOP REPLICA' : 'STOP SLAVE');
      await target().sql(mysql ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
      link.throttle(2 ** 20);
      const before = await target().sql('CHECKSUM TABLE corpus.many');
      const others = [await another()];
      const began = performance.now();
      let happening: Promise<void> | undefined;
      const middle = async () => {
        others.push(await another());
        await happens();
      };
      const progress = ({ unit, done, total = 0 }: Progress) => {
        // Something has come, and more is to come.
        if (unit === 'bytes' && done > 0 && done < total) happening ??= middle();
      };
      const ran = await bench.run(rebuildReplica, parameters(), { progress });
      expect(happening, 'the copy told nothing of its middle').toBeDefined();
      await happening;
      expect(ran.outcome, ran.why).toBe('failed');
      expect(performance.now() - began).toBeLessThan(90_000);
      // Whoever else is at work on the same account, since before the copy or since its middle, is left alone.
      if (donor().running) expect(await left(others)).toBe(2);
      others.forEach((one) => one.release());
      await link.mend();
      link.throttle(Infinity);
      await after();
      expect(target().running).toBe(true);
      expect(readdirSync(target().disk)).toEqual(['data']);
      expect(await target().sql('CHECKSUM TABLE corpus.many')).toEqual(before);
      await donorIsFree();
      return ran;
    }

    /** A session on the account that copies, of which this process knows nothing: another Lockstep's, or a person's. */
    async function another(): Promise<LoggedIn> {
      return logIn(await bench.reach.target('db3'), AbortSignal.timeout(20_000), systemClock);
    }

    /** A clone that its target makes although nobody waits for it any more. @returns what serves it on the donor */
    async function orphanedClone(): Promise<Pick<LoggedIn, 'threadId'>> {
      const { address } = link;
      const { caFile, certFile, keyFile } = sandbox.channelTls(target());
      const { user, password } = sandbox.accounts.operate;
      const dead = await openSession(await bench.reach.target('db2'), { signal: AbortSignal.timeout(20_000) });
      const statements = [
        `SET GLOBAL clone_valid_donor_list = '${address.host}:${address.port}'`,
        `SET GLOBAL clone_ssl_ca = '${caFile}', GLOBAL clone_ssl_cert = '${certFile ?? ''}', GLOBAL clone_ssl_key = '${keyFile ?? ''}'`,
        `CLONE INSTANCE FROM '${user}'@'${address.host}':${address.port} IDENTIFIED BY '${password.reveal()}' DATA DIRECTORY = '${target().dataDirectory}.lockstep-new' REQUIRE SSL`,
      ];
      dead.query(statements.join('; '), { signal: AbortSignal.timeout(60_000) }).catch(() => undefined);
      let serving: readonly Row[] = [];
      await until('the donor to serve it', async () => (serving = await donor().sql("SELECT ID AS id FROM information_schema.PROCESSLIST WHERE LOWER(COMMAND) = 'clone'")).length > 0); // prettier-ignore
      dead.close();
      return { threadId: Number(serving[0]?.['id']) };
    }

    /** A backup's session that is still there, as a Lockstep that died wrote it down on the donor's machine. */
    async function orphanedBackup(): Promise<Pick<LoggedIn, 'threadId'>> {
      const { threadId } = await another();
      const [row] = await donor().sql(`SELECT HOST AS host FROM information_schema.PROCESSLIST WHERE ID = ${threadId}`);
      const file = path.join(donor().tlsDirectory, '.lockstep-copy-db2.cnf');
      await writeFile(file, writtenDown([{ id: threadId, host: row?.['host'] ?? '' }]), { mode: 0o600 });
      return { threadId };
    }

    /** How many of these the donor still has. */
    async function left(sessions: readonly Pick<LoggedIn, 'threadId'>[]): Promise<number> {
      const ids = sessions.map(({ threadId }) => threadId).join();
      return (await donor().sql(`SELECT ID FROM information_schema.PROCESSLIST WHERE ID IN (${ids})`)).length;
    }

    /** Nobody of ours is at work there, and it commits, changes definitions, and can be copied again. */
    async function donorIsFree(): Promise<void> {
      await until('our sessions on the donor to be gone', async () => (await commandsOf(donor(), 'lockstep_operate')).length === 0); // prettier-ignore
      const began = performance.now();
      await donor().run([
        'SET sql_log_bin = 0',
        'CREATE DATABASE free',
        'CREATE TABLE free.t (id INT PRIMARY KEY)',
        'INSERT INTO free.t VALUES (1)',
        'DROP DATABASE free',
        'SET sql_log_bin = 1',
        ...(mysql ? [] : ['BACKUP STAGE START', 'BACKUP STAGE BLOCK_COMMIT', 'BACKUP STAGE END']),
      ]);
      expect(performance.now() - began).toBeLessThan(5000);
      expect(await channelStatus(donor())).toMatchObject({ io: 'Yes', sql: 'Yes' });
    }

    it('by a network that is cut', async () => {
      await broken(() => link.cut());
    });

    it('by a donor that dies', async () => {
      const dies = async () => {
        await donor().kill();
        // What its machine still sends of its files is not waited for.
        link.throttle(Infinity);
      };
      await broken(dies, async () => {
        await donor().start();
        await until('it to replicate again', async () => (await channelStatus(donor()))?.io === 'Yes');
      });
    });

    it.skipIf(mysql)('by a network that swallows everything', async () => {
      await broken(() => {
        link.blackhole();
        return Promise.resolve();
      });
    });

    it.skipIf(!root)('by a disk that fills up', async () => {
      const disk = target().disk;
      const resize = (megabytes: number) => command('mount', ['-o', `remount,size=${megabytes}m`, disk]);
      const ran = await broken(async () => {
        const { blocks, bavail, bsize } = await statfs(disk);
        await resize(Math.ceil(((blocks - bavail) * bsize) / 2 ** 20) + 2);
      });
      await resize(1024);
      // MySQL may stand still over it, and say nothing.
      expect(ran.why).toMatch(mysql ? /space|full|nothing has come/i : /space|full/i);
    });

    it('after the server began to run on the copy, which gives way to what it held', async () => {
      await target().sql(mysql ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
      await target().run([...(mysql ? ['SET GLOBAL super_read_only = OFF'] : []), 'SET sql_log_bin = 0', 'CREATE DATABASE its_own', 'SET sql_log_bin = 1']); // prettier-ignore
      const ran = await bench.run(rebuildReplica, parameters(), { breakAt: 'step:compare:begins' });
      expect(ran.outcome, ran.why).toBe('rolled-back');
      expect(await target().sql("SHOW DATABASES LIKE 'its_own'")).toHaveLength(1);
      expect(await channelStatus(target())).toBeUndefined();
      expect(readdirSync(target().disk)).toEqual(['data']);
      await donorIsFree();
    });

    it('is built the next time', async () => {
      await target().sql(mysql ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
      await bench.lookUntil('the trouble to be seen', (scene) => rebuildReplica.needed(scene, parameters()).observed === 'yes'); // prettier-ignore
      const ran = await bench.run(rebuildReplica, parameters());
      expect(ran.outcome, ran.why).toBe('succeeded');
    });

    it('by a Lockstep that died: the next one ends what goes on without it', async () => {
      link.throttle(2 ** 20);
      const other = await another();
      const orphan = mysql ? await orphanedClone() : await orphanedBackup();
      link.throttle(Infinity);
      await target().sql(mysql ? 'STOP REPLICA' : 'STOP SLAVE');
      await target().sql(mysql ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
      await bench.lookUntil('the trouble to be seen', (scene) => rebuildReplica.needed(scene, parameters()).observed === 'yes'); // prettier-ignore
      const ran = await bench.run(rebuildReplica, parameters());
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect([await left([other]), await left([orphan])]).toEqual([1, 0]);
      other.release();
      expect(readdirSync(target().disk)).toEqual(['data']);
      await donorIsFree();
    });
  },
  oneOfEach,
);
