import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { statfs } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isInside, letIn, takeBack } from '../../src/actors/copy/inside.js';
import { insideName, placesOf } from '../../src/actors/copy/places.js';
import { Scope } from '../../src/base/scope.js';
import { grantStatements } from '../../src/dialects/grant-statements.js';
import { operatePrivileges } from '../../src/dialects/operate-grants.js';
import { quoteAccount } from '../../src/dialects/quote.js';
import { roomFor } from '../../src/domain/survey.js';
import type { Host } from '../../src/hosts/host.js';
import { openHost, type HostSettings } from '../../src/hosts/open.js';
import { rebuildReplica } from '../../src/procedures/rebuild-replica.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { command } from '../../src/sandbox/command.js';
import { mountDisk } from '../../src/sandbox/disk.js';
import { channelStatus, untilCaughtUp } from '../../src/sandbox/replication.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { sshTarget, startSshServer, type SshServer } from '../../src/sandbox/ssh-server.js';
import { until } from '../../src/sandbox/until.js';
import { corpus } from './corpus.js';
import { describeEach, oneOfEach } from './matrix.js';
import { hostsOf, serverPrograms } from './rebuild-hosts.js';
import { textOf, Workbench } from './workbench.js';

const root = process.getuid?.() === 0;

/** Disks that cannot hold both, data directories that are file systems of their own, and links to them. */
await describeEach(
  'a rebuilding in a narrow place',
  (version) => {
    const scope = new Scope();
    const mysql = version.startsWith('mysql');
    let sandbox: SandboxCluster;
    let bench: Workbench;
    let settingsOf: (name: string) => HostSettings;
    let ssh: SshServer;
    const server = (name: string): SandboxServer => sandbox.server(name);

    beforeAll(async () => {
      if (!root) return;
      // MariaDB would list ours as a schema.
      const settings = mysql ? { plugin_load_add: 'mysql_clone.so' } : { ignore_db_dirs: insideName };
      sandbox = scope.own(await createCluster({ version, replicas: 2, settings, servers: { db3: { diskMegabytes: 1024 } } }), (cluster) => cluster.stop()); // prettier-ignore
      const [hosts, layers] = [await hostsOf(scope, sandbox), await serverPrograms(scope, sandbox)];
      await mountData(server('db2'));
      await linkData(server('db3'));
      bench = await Workbench.open(scope, sandbox);
      settingsOf = (name) => ({
        ...hosts(name),
        // All that there is to touch on db2 is the directory itself.
        ...(name === 'db2' ? { paths: [server(name).dataDirectory, server(name).tlsDirectory] } : {}),
        programs: [...hosts(name).programs, ...layers(name)],
      });
      const servers = bench.site.servers.map((one) => ({ ...one, programs: settingsOf(one.name).programs, services: ['mysql'] })); // prettier-ignore
      bench.site = { ...bench.site, servers };
      ssh = await startSshServer(scope);
      reachedBy('local');
      await sandbox.primary.run(corpus(sandbox.version));
      if (mysql) await sandbox.primary.sql('ALTER TABLE corpus.searchindex ENGINE = InnoDB');
      const { operate } = sandbox.accounts;
      await sandbox.primary.run([
        `REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${quoteAccount({ user: operate.user, host: '%' })}`,
        ...grantStatements(operatePrivileges(sandbox.primary.column, ['rebuild-replica']), operate),
      ]);
      for (const name of ['db2', 'db3']) await untilCaughtUp(server(name), sandbox.primary);
    });

    afterAll(() => scope.end());

    function reachedBy(way: 'local' | 'ssh'): void {
      const settings = (name: string): HostSettings => {
        const { paths, programs, services } = settingsOf(name);
        return way === 'local' ? settingsOf(name) : { kind: 'ssh', sudo: false, ...sshTarget(ssh), paths, programs, services }; // prettier-ignore
      };
      bench.reach = { ...bench.reach, host: (name) => openHost(settings(name)) };
    }

    /** The data directory becomes a file system of its own, with what such a one has. */
    async function mountData(replica: SandboxServer): Promise<void> {
      await replica.stop();
      const aside = path.join(replica.disk, 'aside');
      renameSync(replica.dataDirectory, aside);
      await mountDisk(replica.dataDirectory, 1024);
      cpSync(aside, replica.dataDirectory, { recursive: true });
      mkdirSync(path.join(replica.dataDirectory, 'lost+found'));
      rmSync(aside, { recursive: true });
      await replica.start();
    }

    /** The data directory becomes a link to another one of that disk. */
    async function linkData(replica: SandboxServer): Promise<void> {
      await replica.stop();
      mkdirSync(path.join(replica.disk, 'deeper'));
      renameSync(replica.dataDirectory, path.join(replica.disk, 'deeper/real'));
      symlinkSync('deeper/real', replica.dataDirectory);
      await replica.start();
    }

    const parameters = (name: string, more: Readonly<Record<string, string>> = {}) => bench.parameters({ server: name, ...more }); // prettier-ignore

    async function lost(replica: SandboxServer): Promise<void> {
      await replica.sql(mysql ? 'STOP REPLICA' : 'STOP SLAVE');
      await replica.sql(mysql ? 'RESET REPLICA ALL' : 'RESET SLAVE ALL');
      await bench.lookUntil('the trouble to be seen', (scene) => rebuildReplica.needed(scene, parameters(replica.name)).observed === 'yes'); // prettier-ignore
    }

    async function schemas(replica: SandboxServer): Promise<readonly string[]> {
      const rows = await replica.sql('SHOW DATABASES');
      return rows.map((row) => Object.values(row)[0] ?? '');
    }

    async function isWhole(replica: SandboxServer): Promise<void> {
      await untilCaughtUp(replica, sandbox.primary);
      expect(await channelStatus(replica)).toMatchObject({ io: 'Yes', sql: 'Yes' });
      const question = 'CHECKSUM TABLE corpus.many, corpus.bytes, corpus.texts';
      expect(await replica.sql(question)).toEqual(await sandbox.primary.sql(question));
      expect((await replica.sql('SELECT @@global.read_only AS value'))[0]?.['value']).toBe('1');
    }

    it.skipIf(!root).each(['ssh', 'local'] as const)(
      'within a directory that is a file system of its own, reached by %s',
      async (way) => {
        reachedBy(way);
        const replica = server('db2');
        await lost(replica);
        const scene = await bench.lookFor(rebuildReplica, parameters('db2'));
        if (mysql) {
          // The server itself says no to CLONE there, and a dump is taken.
          expect(rebuildReplica.refusals(scene, parameters('db2', { method: 'clone' }))).toMatchObject([{ reason: 'clone-inside' }]); // prettier-ignore
          await expect(replica.sql(`CLONE LOCAL DATA DIRECTORY = '${replica.dataDirectory}/${insideName}'`)).rejects.toThrow('ER_PATH_IN_DATADIR'); // prettier-ignore
        }
        const meanwhile: string[] = [];
        const at = {
          'step:compare:begins': async () => {
            meanwhile.push(...readdirSync(path.join(replica.dataDirectory, insideName)), ...(await schemas(replica)));
          },
        };
        const ran = await bench.run(rebuildReplica, parameters('db2'), { at });
        expect(ran.outcome, ran.why).toBe('succeeded');
        expect(textOf(ran)).toContain(`rename each entry of ${replica.dataDirectory} into ${replica.dataDirectory}/.lockstep/kept`); // prettier-ignore
        expect(textOf(ran)).toContain(mysql ? '--initialize-insecure' : '--stream=xbstream');
        expect(meanwhile).toContain('kept');
        expect(meanwhile.join()).not.toContain(`#${insideName}`);
        expect(readdirSync(replica.dataDirectory)).toContain('lost+found');
        expect(readdirSync(replica.dataDirectory).filter((name) => name.includes('lockstep'))).toEqual([]);
        await isWhole(replica);
      },
    );

    it.skipIf(!root)('gives back within it what was there, where the copy comes to nothing', async () => {
      const replica = server('db2');
      await lost(replica);
      const own = async (statement: string) => {
        if (mysql) await replica.sql('SET GLOBAL super_read_only = OFF');
        await replica.run(['SET sql_log_bin = 0', statement, 'SET sql_log_bin = 1']);
      };
      await own('CREATE DATABASE its_own');
      const ran = await bench.run(rebuildReplica, parameters('db2'), { breakAt: 'step:compare:begins' });
      expect(ran.outcome, ran.why).toBe('rolled-back');
      expect(await schemas(replica)).toContain('its_own');
      expect(await channelStatus(replica)).toBeUndefined();
      expect(readdirSync(replica.dataDirectory).filter((name) => name.includes('lockstep'))).toEqual([]);
      await own('DROP DATABASE its_own');
    });

    it.skipIf(!root)('starts no server on a part, and spoils nothing where somebody tries', async () => {
      const replica = server('db2');
      const data = replica.dataDirectory;
      await replica.stop();
      const host = openHost({ kind: 'local', sudo: false, paths: [data], programs: [], services: {} });
      const places = placesOf(data, { data, system: 'ibdata1' });
      if (!isInside(places)) throw new Error('it is not within');
      const before = sums(data);
      // From the first entry that leaves to the last that comes back, wherever it was broken off.
      for (const moment of ['first', 'middle', 'last']) {
        mkdirSync(places.fresh, { recursive: true });
        cpSync(path.join(data, 'ibdata1'), path.join(places.fresh, 'ibdata1'));
        await letIn(stopping(host, moment, readdirSync(data).length), places, () => Promise.resolve(), AbortSignal.timeout(20_000)).catch(() => undefined); // prettier-ignore
        await expect(replica.start(), moment).rejects.toMatchObject({ code: 'sandbox-server-died' });
        await takeBack(host, places, AbortSignal.timeout(20_000));
        rmSync(places.inside.root, { recursive: true });
        const after = sums(data);
        for (const name of Object.keys(before)) expect([name, after[name]], moment).toEqual([name, before[name]]);
      }
      await replica.start();
      expect(await schemas(replica)).toContain('corpus');
    });

    it.skipIf(!root)(
      'beside where a link leads, from a disk that is emptied first because it cannot hold both',
      async () => {
        const replica = server('db3');
        if (mysql) await replica.sql('SET GLOBAL super_read_only = OFF');
        await replica.run([
          'SET sql_log_bin = 0',
          'DELETE FROM corpus.many WHERE id = 77',
          'CREATE DATABASE large',
          'CREATE TABLE large.rows_of (id INT PRIMARY KEY, body LONGBLOB)',
          ...Array.from({ length: 16 }, (_, id) => `INSERT INTO large.rows_of VALUES (${id}, REPEAT('x', 4000000))`),
          'SET sql_log_bin = 1',
        ]);
        await sandbox.primary.sql("UPDATE corpus.many SET words = 'changed' WHERE id = 77");
        await until('the applier to stop', async () => (await channelStatus(replica))?.sql === 'No');
        // What a copy of the primary would run, too.
        await sandbox.primary.sql('ALTER EVENT corpus.nightly DISABLE');
        const asked = parameters('db3', { from: 'db1' });
        const agreed = { ...asked, discard: 'yes' };
        // As much room as lacks some megabytes for a copy beside it.
        const { surveys = [] } = await bench.lookFor(rebuildReplica, asked);
        const need = roomFor(surveys.find((one) => one.server === 'db1')?.holds?.bytes ?? 0);
        const { blocks, bavail, bsize } = await statfs(replica.disk);
        const used = (blocks - bavail) * bsize;
        await command('mount', ['-o', `remount,size=${Math.ceil((used + need) / 2 ** 20) - 24}m`, replica.disk]);
        const scene = await bench.lookFor(rebuildReplica, asked);
        expect(rebuildReplica.refusals(scene, asked)).toMatchObject([{ reason: 'room-short' }]);
        expect(rebuildReplica.refusals(scene, agreed)).toEqual([]);
        expect(rebuildReplica.asks?.(scene, agreed)).toMatch(/the disk of db3 has [\d.]+ MiB free and the copy may take [\d.]+ MiB, so that all its tables, at least (6|7)\d\.\d MiB, are dropped/); // prettier-ignore

        // Nothing comes back, and nobody takes it for a replica.
        const broken = await bench.run(rebuildReplica, agreed, { breakAt: 'step:copy:begins', hurry: 20 });
        expect(broken.outcome, broken.why).toBe('needs-human');
        expect(broken.sent).toEqual(['places', 'rehearse', 'give-up', 'leave', 'empty']);
        expect((await schemas(replica)).filter((name) => !['information_schema', 'mysql', 'performance_schema', 'sys'].includes(name))).toEqual([]); // prettier-ignore
        expect(await channelStatus(replica)).toBeUndefined();
        const [position] = await replica.sql(mysql ? 'SELECT @@global.gtid_executed AS at' : 'SELECT @@global.gtid_slave_pos AS at'); // prettier-ignore
        expect(position?.['at']).toBe('');
        expect(readdirSync(path.join(replica.disk, 'deeper'))).toEqual(['real']);

        // Whoever begins again finds room for a copy beside an empty server.
        await bench.lookUntil(
          'the trouble to be seen',
          (seen) => rebuildReplica.needed(seen, asked).observed === 'yes',
        );
        const ran = await bench.run(rebuildReplica, asked);
        expect(ran.outcome, ran.why).toBe('succeeded');
        expect(textOf(ran)).toContain(mysql ? 'CLONE INSTANCE' : '--stream=xbstream');
        expect(lstatSync(replica.dataDirectory).isSymbolicLink()).toBe(true);
        expect(readdirSync(path.join(replica.disk, 'deeper'))).toEqual(['real']);
        await isWhole(replica);
      },
    );

    it.skipIf(!root)('empties, copies and fills in one go', async () => {
      const replica = server('db3');
      if (mysql) await replica.sql('SET GLOBAL super_read_only = OFF');
      await replica.run([
        'SET sql_log_bin = 0',
        'CREATE DATABASE large',
        'CREATE TABLE large.rows_of (id INT PRIMARY KEY, body LONGBLOB)',
        ...Array.from({ length: 16 }, (_, id) => `INSERT INTO large.rows_of VALUES (${id}, REPEAT('x', 4000000))`),
        'SET sql_log_bin = 1',
      ]);
      // What it wrote to its own log shows that it has nothing of its own.
      await sandbox.primary.sql("UPDATE corpus.many SET words = 'changed' WHERE id = 78");
      await untilCaughtUp(replica, sandbox.primary);
      await lost(replica);
      const agreed = parameters('db3', { from: 'db1', discard: 'yes', ...(mysql ? {} : { method: 'dump' }) });
      const { surveys = [] } = await bench.lookFor(rebuildReplica, agreed);
      const need = roomFor(surveys.find((one) => one.server === 'db1')?.holds?.bytes ?? 0);
      const { blocks, bavail, bsize } = await statfs(replica.disk);
      await command('mount', ['-o', `remount,size=${Math.ceil(((blocks - bavail) * bsize + need) / 2 ** 20) - 24}m`, replica.disk]); // prettier-ignore
      const ran = await bench.run(rebuildReplica, agreed);
      expect(ran.outcome, ran.why).toBe('succeeded');
      expect(ran.notes).toMatchObject({ emptied: '2', verified: 'equal' });
      expect(existsSync(path.join(replica.disk, 'deeper/real.lockstep-kept'))).toBe(false);
      await isWhole(replica);
    });

    /** What each file of a server holds, ours left out. */
    function sums(directory: string): Record<string, string> {
      const names = readdirSync(directory, { recursive: true, withFileTypes: true });
      return Object.fromEntries(
        names
          .filter((one) => one.isFile())
          .map((one) => path.join(one.parentPath, one.name))
          .filter((file) => !file.includes(`/${insideName}/`))
          .map((file) => [
            path.relative(directory, file),
            createHash('sha256').update(readFileSync(file)).digest('hex'),
          ]),
      );
    }

    /** Moves no more than the first entry, half of them, or all but the copy's. */
    function stopping(host: Host, moment: string, entries: number): Host {
      const most = moment === 'first' ? 1 : moment === 'middle' ? Math.floor(entries / 2) : entries - 1;
      let moved = 0;
      return new Proxy(host, {
        get(target, name) {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          const call = value.bind(target) as (...words: unknown[]) => unknown;
          if (name !== 'move') return call;
          return (...words: unknown[]) => {
            moved += 1;
            if (moved > most) return Promise.reject(new Error('broken off'));
            return call(...words);
          };
        },
      });
    }
  },
  oneOfEach,
);
