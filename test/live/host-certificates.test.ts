import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { fingerprintOf } from '../../src/hosts/host-key.js';
import { createCluster, type SandboxCluster } from '../../src/sandbox/cluster.js';
import { writeConfiguration } from '../../src/sandbox/configuration.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { openLink, type Link } from '../../src/sandbox/proxy.js';
import { startSshServer, type SshServer } from '../../src/sandbox/ssh-server.js';
import { lockstepCommand } from './command.js';
import type { WatchingLockstep } from './lockstep.js';
import { describeEach, matrix } from './matrix.js';
import { watchBriskly } from './readings.js';
import type { Scrape } from './scrape.js';

// What a server is does not matter here: one version.
await describeEach(
  'certificates on hosts',
  (version) => {
    const scope = new Scope();
    let sandbox: SandboxCluster;
    let ssh: SshServer;
    let link: Link;
    let lockstep: WatchingLockstep;

    /** The hosts of db1, reached over the link. */
    const hosts = (more: object = {}) => ({
      kind: 'ssh',
      user: ssh.users.self,
      key_file: ssh.keyFile,
      host_key: fingerprintOf(Buffer.from(ssh.hostKeys.ed25519.split(' ')[1] ?? '', 'base64')),
      port: link.address.port,
      paths: [sandbox.primary.tlsDirectory],
      ...more,
    });
    const configuration = (more: object = {}, own: object = {}) => ({
      keys: {
        hosts: hosts(more),
        servers: {
          db1: {
            address: `${sandbox.primary.address.host}:${sandbox.primary.address.port}`,
            hosts: { address: link.address.host, ...own },
          },
        },
      },
    });
    const served = (scrape: Scrape) => scrape.value('mysql_certificate_served_equals_file');
    const fromFile = (scrape: Scrape) =>
      scrape.all('mysql_certificate_not_after_timestamp_seconds', { origin: 'file' });
    const collected = (scrape: Scrape) => scrape.value('lockstep_collector_success', { collector: 'certificates' });

    beforeAll(async () => {
      [sandbox, ssh] = await Promise.all([createCluster({ version, replicas: 0 }), startSshServer(scope)]);
      scope.defer(() => sandbox.stop());
      link = await openLink(scope, ssh.address);
      lockstep = await watchBriskly(sandbox, configuration());
      scope.defer(() => lockstep.stop());
    });

    afterAll(() => scope.end());

    it('are read through SSH, and compared with what is served', async () => {
      const scrape = await lockstep.probeUntil('db1', 'the files', (page) => served(page) === 1);
      expect(fromFile(scrape).map(({ labels }) => labels['role'])).toEqual(expect.arrayContaining(['server', 'ca']));
      expect(collected(scrape)).toBe(1);
      expect(link.connections).toBe(1);
    });

    it('hold no look up when the host is silent, and say so when its time is over', async () => {
      link.blackhole();
      const looks: (number | undefined)[] = [];
      try {
        await lockstep.probeUntil('db1', 'the failure to be told', (page) => {
          looks.push(page.value('mysql_up') === 1 ? page.value('lockstep_look_duration_seconds') : undefined);
          return collected(page) === 0;
        });
      } finally {
        await link.mend();
      }
      // A tenth of its five seconds, at the pace of a machine that is busy with other tests.
      expect(Math.max(...looks.map((seconds) => seconds ?? Infinity))).toBeLessThan(2.5);
      await lockstep.probeUntil('db1', 'the files again', (page) => served(page) === 1 && collected(page) === 1);
    });

    it('that no path names are left alone', async () => {
      const elsewhere = await takeDirectory(scope);
      const other = await watchBriskly(sandbox, configuration({}, { paths: [elsewhere] }));
      try {
        const scrape = await other.probe('db1');
        expect(collected(scrape)).toBe(1);
        expect(fromFile(scrape)).toEqual([]);
        expect(scrape.value('mysql_certificate_served_equals_file_known') ?? 0).toBe(0);
      } finally {
        await other.stop();
      }
    });

    it('check says which host cannot be reached, and why', async () => {
      const good = await writeConfiguration(sandbox, configuration());
      expect(await lockstepCommand('check', '--config', good)).toMatchObject({ code: 0 });
      const another = fingerprintOf(Buffer.from('another'));
      const wrong = await writeConfiguration(sandbox, configuration({}, { host_key: another }));
      const checked = await lockstepCommand('check', '--config', wrong, '--json');
      expect(checked.code).toBe(1);
      expect(JSON.parse(checked.stdout)).toMatchObject([
        {
          server: 'db1',
          faults: expect.arrayContaining([expect.stringMatching(/^host: ssh .* shows the host key/)]) as object,
        },
      ]);
    });

    it('check tells of a known_hosts_file that is not there, and of a key that others may read', async () => {
      const directory = await takeDirectory(scope);
      const key = path.join(directory, 'key');
      await writeFile(key, 'key', { mode: 0o644 });
      for (const [more, expected] of [
        [{ host_key: [], known_hosts_file: path.join(directory, 'none') }, 'known_hosts_file'],
        [{ key_file: key }, 'every user of this machine may read'],
      ] as const) {
        const file = await writeConfiguration(sandbox, configuration(more));
        const checked = await lockstepCommand('check', '--config', file);
        expect(checked.output).toContain(expected);
        expect(checked.code).toBe(1);
      }
    });
  },
  matrix.slice(0, 1),
);
