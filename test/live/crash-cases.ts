import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Secret } from '../../src/base/secret.js';
import { resetReplica, startReplica, stopReplica } from '../../src/dialects/replication-statements.js';
import type { ProcedureName } from '../../src/domain/procedure-names.js';
import { issuedFiles } from '../../src/pki/written.js';
import { LoginError, openSession, type Target } from '../../src/mysql/session.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import { swapReplicaCertificate, swapServerCertificate } from '../../src/sandbox/faults.js';
import { untilCaughtUp, untilReplicating } from '../../src/sandbox/replication.js';
import type { ConfigurationOptions } from '../../src/sandbox/configuration.js';
import { asked, askedAnyway, channelState, follow, nothing, plain, type CrashCase } from './crash-case.js';
import { copyCases } from './crash-copy-cases.js';
import { rotatingConfiguration, stand, standOf, type Stand } from './rotation-stands.js';
import type { SandboxServer } from '../../src/sandbox/server.js';
import { until } from '../../src/sandbox/until.js';

/** A round of a rotation: from one stand to the next, in each of which everybody accepts everybody. */
function roundFrom(from: Stand, more: Readonly<Record<string, string>> = {}): CrashCase {
  return {
    parameters: { cluster: 'sandbox', ...more },
    configuration: rotatingConfiguration,
    provoke: (sandbox) => stand(sandbox, from),
    state: async (sandbox) => `${await standOf(sandbox)}; ${await channelState(sandbox.server('db2'))}`,
    mend: (sandbox) => stand(sandbox, { trusted: ['former'], issuer: 'former' }),
  };
}

const applications = { acknowledged: 'applications' };

/** Those of procedures that go one way. */
export const crashCases: Readonly<Partial<Record<ProcedureName, CrashCase>>> = {
  'trust-authority': roundFrom({ trusted: ['former'], issuer: 'former' }),
  'reissue-certificates': roundFrom({ trusted: ['former', 'next'], issuer: 'former' }, applications),
  'distrust-authority': roundFrom({ trusted: ['former', 'next'], issuer: 'next' }, applications),
  'restart-replication': {
    parameters: { cluster: 'sandbox', server: 'db2', channel: '' },
    provoke: (sandbox) =>
      sandbox
        .server('db2')
        .sql(plain(stopReplica(sandbox.server('db2').column, '')))
        .then(nothing),
    state: (sandbox) => channelState(sandbox.server('db2')),
    mend: async (sandbox) => {
      await sandbox.server('db2').sql(plain(startReplica(sandbox.server('db2').column, '')));
      await untilReplicating(sandbox.server('db2'));
    },
  },
  'fence-writable-replica': {
    parameters: { cluster: 'sandbox', server: 'db2' },
    provoke: (sandbox) => sandbox.open(sandbox.server('db2')),
    state: async (sandbox) => `${await readOnly(sandbox.server('db2'))} ${await channelState(sandbox.server('db2'))}`,
    mend: (sandbox) => sandbox.close(sandbox.server('db2')),
  },
  'secure-channel': {
    parameters: { cluster: 'sandbox', server: 'db2', channel: '' },
    provoke: (sandbox) => follow(sandbox, { ...sandbox.channelTls(sandbox.server('db2')), verify: false }),
    state: (sandbox) => channelState(sandbox.server('db2')),
    mend: (sandbox) => follow(sandbox, sandbox.channelTls(sandbox.server('db2'))),
  },
  'withdraw-replica': {
    parameters: { cluster: 'sandbox', server: 'db2' },
    configuration: ledByFile,
    provoke: (sandbox) => leadTo(sandbox, 'db2'),
    state: readBy,
    mend: (sandbox) => leadTo(sandbox, 'db2'),
  },
  'return-replica': {
    parameters: { cluster: 'sandbox', server: 'db2' },
    configuration: ledByFile,
    provoke: (sandbox) => leadTo(sandbox, 'db1'),
    state: readBy,
    mend: (sandbox) => leadTo(sandbox, 'db2'),
  },
  'verify-replica': {
    parameters: { cluster: 'sandbox', server: 'db2' },
    // Whether it was needed only comparing tells: it always is. Where there is no table, nothing is asked.
    provoke: async (sandbox) => {
      await sandbox.primary.run([
        'CREATE DATABASE IF NOT EXISTS compared',
        'CREATE TABLE IF NOT EXISTS compared.some (id INT PRIMARY KEY)',
        'INSERT IGNORE INTO compared.some VALUES (1), (2)',
      ]);
      await untilCaughtUp(sandbox.server('db2'), sandbox.primary);
    },
    state: (sandbox) => channelState(sandbox.server('db2')),
    mend: () => Promise.resolve(),
  },
  'renew-certificate': {
    parameters: { cluster: 'sandbox', server: 'db2', what: 'both', when: 'due', order: 'any' },
    provoke: async (sandbox) => {
      const replica = sandbox.server('db2');
      await swapReplicaCertificate(sandbox.authority, replica, due());
      await swapServerCertificate(sandbox.authority, replica, due());
    },
    state: async (sandbox) => `${await papersOf(sandbox, 'db2')} ${await channelState(sandbox.server('db2'))}`,
    mend: () => Promise.resolve(),
  },
  'enable-tls': {
    parameters: { cluster: 'sandbox', server: 'db2' },
    provoke: async (sandbox) => {
      const replica = sandbox.server('db2');
      replica.setTls('off');
      await replica.restart(1500);
      await untilReplicating(replica);
    },
    state: async (sandbox) => {
      const server = sandbox.server('db2');
      const offered = await offersTls(server);
      const names = ['cert.pem', 'key.pem', 'ca.pem'].map((name) => path.join(server.tlsDirectory, name));
      const [cert, key] = await Promise.all(names.map((file) => readFile(file, 'utf8')));
      const whole = new X509Certificate(cert ?? '').checkPrivateKey(createPrivateKey(key ?? ''));
      const options = await readdir(server.includeDirectory);
      return `${offered} ${whole ? 'whole' : 'halved'} [${options.join()}] ${await channelState(server)}`;
    },
    mend: async (sandbox) => {
      const server = sandbox.server('db2');
      for (const name of await readdir(server.includeDirectory)) await rm(path.join(server.includeDirectory, name));
      const file = (name: string) => path.join(server.tlsDirectory, name);
      server.setTls({ ca: file('ca.pem'), cert: file('cert.pem'), key: file('key.pem') });
      await server.restart(1500);
      await untilReplicating(server);
    },
  },
  'require-tls': {
    parameters: { cluster: 'sandbox', 'observed-for': '0s' },
    provoke: async (sandbox) => {
      await sandbox.primary.sql("CREATE USER plain@'%' IDENTIFIED BY 'a-word' REQUIRE NONE");
      await untilCaughtUp(sandbox.server('db2'), sandbox.primary);
    },
    state: async (sandbox) => (await Promise.all(sandbox.servers.map(refusesPlaintext))).join('; '),
    mend: async (sandbox) => {
      await sandbox.primary.sql('DROP USER plain');
      for (const server of sandbox.servers) {
        await server.sql('SET GLOBAL require_secure_transport = OFF');
        if (server.version.flavour === 'mysql') await server.sql('RESET PERSIST IF EXISTS require_secure_transport');
      }
      await untilCaughtUp(sandbox.server('db2'), sandbox.primary);
    },
  },
  switchover: {
    parameters: { cluster: 'sandbox', to: 'db2' },
    opens: ['db2'],
    provoke: () => Promise.resolve(),
    state: async (sandbox) => {
      const states = sandbox.servers.map(
        async (server) => `${server.name} ${await readOnly(server)} ${await channelState(server)}`,
      );
      return (await Promise.all(states)).join('; ');
    },
    mend: changeBack,
  },
  failover: {
    parameters: { cluster: 'sandbox', 'accept-loss': 'yes', unfenced: 'no' },
    opens: ['db2'],
    provoke: async (sandbox) => {
      const replica = sandbox.server('db2');
      // Left on, it would keep the new primary waiting for a replica that is not there.
      if (sandbox.version.flavour === 'mariadb') await replica.sql('SET GLOBAL rpl_semi_sync_master_enabled = ON');
      await sandbox.primary.kill();
      await until(
        'the replica to miss its source',
        async () => !(await channelState(replica)).includes('IO_Running=Yes'),
      );
    },
    state: async (sandbox) => `${await readOnly(sandbox.server('db2'))} ${await channelState(sandbox.server('db2'))}`,
    mend: async (sandbox) => {
      const [db1, db2] = [sandbox.primary, sandbox.server('db2')];
      const mariadb = sandbox.version.flavour === 'mariadb';
      await db1.start();
      if (mariadb) await db2.sql('SET GLOBAL rpl_semi_sync_master_enabled = OFF');
      if ((await readOnly(db2)) === 'open') {
        // What it has written since is not to be an errant transaction.
        if (mariadb) await db1.sql('SET GLOBAL gtid_slave_pos = @@GLOBAL.gtid_binlog_pos');
        await sandbox.follow(db1, db2);
        await changeBack(sandbox);
      } else {
        await sandbox.open(db1);
        await untilReplicating(db2);
      }
    },
  },
  rejoin: {
    parameters: { cluster: 'sandbox', server: 'db1' },
    // db2 took its place, and it came back as it was.
    provoke: async (sandbox) => {
      const db2 = sandbox.server('db2');
      await sandbox.primary.sql('CREATE DATABASE earlier');
      await untilCaughtUp(db2, sandbox.primary);
      await db2.run([stopReplica(db2.column, ''), resetReplica(db2.column, '')]);
      await sandbox.close(sandbox.primary);
      await sandbox.open(db2);
      await db2.sql('CREATE DATABASE later');
    },
    state: async (sandbox) => `${await readOnly(sandbox.primary)} ${await channelState(sandbox.primary)}`,
    mend: async (sandbox) => {
      const [db1, db2] = [sandbox.primary, sandbox.server('db2')];
      if ((await channelState(db1)) === '') {
        if (sandbox.version.flavour === 'mariadb')
          await db1.sql('SET GLOBAL gtid_slave_pos = @@GLOBAL.gtid_binlog_pos');
        await sandbox.follow(db1, db2);
      }
      await db2.run(['DROP DATABASE later', 'DROP DATABASE earlier']);
      await changeBack(sandbox);
    },
  },
  'open-primary': {
    parameters: { cluster: 'sandbox', server: 'db1' },
    opens: ['db1'],
    provoke: (sandbox) => sandbox.close(sandbox.primary),
    state: (sandbox) => readOnly(sandbox.primary),
    mend: (sandbox) => sandbox.open(sandbox.primary),
  },
};

/** The ways that a procedure goes, by their names; the only one of most has none. */
export function crashWays(procedure: ProcedureName): Readonly<Record<string, CrashCase>> {
  if (procedure === 'rebuild-replica') return copyCases;
  const only = crashCases[procedure];
  return only === undefined ? {} : { '': only };
}

/** db1 is the primary again, and db2 its replica, whatever they were. */
async function changeBack(sandbox: SandboxCluster): Promise<void> {
  const [db1, db2] = [sandbox.primary, sandbox.server('db2')];
  if ((await readOnly(db2)) === 'closed') return;
  await sandbox.close(db2);
  await untilCaughtUp(db1, db2);
  await db1.sql(plain(stopReplica(db1.column, '')));
  await db1.sql(plain(resetReplica(db1.column, '')));
  await sandbox.open(db1);
  if (sandbox.version.flavour === 'mariadb') await db2.sql('SET GLOBAL gtid_slave_pos = @@GLOBAL.gtid_binlog_pos');
  await sandbox.follow(db2, db1);
}

/** Dates of a certificate that ends in three weeks, and was made nearly a year ago. */
function due() {
  return { notBefore: new Date(Date.now() - 340 * day), notAfter: new Date(Date.now() + 21 * day) };
}

/** Whether the files of a server hold young certificates, each with its own key, and whether it serves what they hold. */
async function papersOf(sandbox: SandboxCluster, name: string): Promise<string> {
  const server = sandbox.server(name);
  const files = await Promise.all(
    [undefined, 'client'].map(async (base) => {
      const { certificate, key } = issuedFiles(server.tlsDirectory, base);
      const [cert, secret] = await Promise.all([readFile(certificate), readFile(key)]);
      const read = new X509Certificate(cert);
      const young = Date.parse(read.validTo) > Date.now() + 30 * day ? 'young' : 'old';
      return { cert: read, words: `${young} ${read.checkPrivateKey(createPrivateKey(secret)) ? 'whole' : 'halved'}` };
    }),
  );
  const [ca, cert, key] = await Promise.all([sandbox.client.ca, sandbox.client.cert, sandbox.client.key].map((file) => readFile(file))); // prettier-ignore
  const { user, password } = sandbox.accounts.monitor;
  const session = await openSession(
    {
      address: server.address,
      user,
      password: () => Promise.resolve(password),
      tls: { verify: 'identity', ca, cert, key: new Secret(key?.toString() ?? '') } as Target['tls'],
    },
    { signal: AbortSignal.timeout(10_000) },
  );
  await session.end();
  const [leaf] = session.handshake.chain;
  const served = files[0]?.cert.fingerprint256.replaceAll(':', '').toLowerCase() === leaf?.fingerprint;
  return [...files.map(({ words }) => words), served ? 'served' : 'another served'].join(', ');
}

/** Whether its greeting does. */
async function offersTls(server: SandboxServer): Promise<string> {
  const target = { address: server.address, user: 'nobody', password: () => Promise.resolve(new Secret('')), tls: undefined }; // prettier-ignore
  const signal = AbortSignal.timeout(10_000);
  const handshake = await openSession(target, { signal }).then(
    async (session) => session.end().then(() => session.handshake),
    (failure: unknown) => (failure instanceof LoginError ? failure.handshake : undefined),
  );
  return handshake === undefined ? 'silent' : handshake.tlsOffered ? 'offered' : 'not offered';
}

const day = 86_400_000;

/** What the server and the account that the test made ask for. */
async function refusesPlaintext(server: SandboxServer): Promise<string> {
  const [setting] = await asked(server, 'SELECT @@global.require_secure_transport AS value');
  const [account] = await asked(server, "SELECT ssl_type AS value FROM mysql.user WHERE User = 'plain'");
  return `${server.name} ${setting?.['value'] ?? ''} ${account?.['value'] ?? 'none'}`;
}

/** Which servers accept writes now, whatever else is wrong with them. */
export async function writableServers(sandbox: SandboxCluster): Promise<readonly string[]> {
  const states = await Promise.all(
    sandbox.servers
      .filter(({ running }) => running)
      .map(
        async (server) => [server.name, await readOnly(server, (text) => askedAnyway(sandbox, server, text))] as const,
      ),
  );
  return states.filter(([, state]) => state === 'open').map(([name]) => name);
}

async function readOnly(
  server: SandboxServer,
  ask = (text: string) => asked(server, text),
): Promise<'open' | 'closed'> {
  const [row] = await ask('SELECT @@global.read_only AS value');
  return row?.['value'] === '0' || row?.['value'] === 'OFF' ? 'open' : 'closed';
}

/** Applications read by a name in a hosts file. */
async function ledByFile(sandbox: SandboxCluster): Promise<Pick<ConfigurationOptions, 'keys'>> {
  await leadTo(sandbox, 'db2');
  const readers = { names: { db2: 'replicadb' } };
  const announce = [{ kind: 'hosts-file', file: hostsFile(sandbox), names: ['masterdb'], readers }];
  return { keys: { announce } };
}

function leadTo(sandbox: SandboxCluster, name: string): Promise<void> {
  const [primary, server] = [sandbox.primary, sandbox.server(name)].map(({ address }) => address.host);
  return writeFile(hostsFile(sandbox), `${primary ?? ''} masterdb\n${server ?? ''} replicadb\n`);
}

function readBy(sandbox: SandboxCluster): Promise<string> {
  return readFile(hostsFile(sandbox), 'utf8');
}

function hostsFile(sandbox: SandboxCluster): string {
  return path.join(sandbox.authority.directory, 'hosts');
}
