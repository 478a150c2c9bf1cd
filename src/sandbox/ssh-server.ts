import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { LockstepError } from '../base/errors.js';
import type { Scope } from '../base/scope.js';
import { Secret } from '../base/secret.js';
import type { Address } from '../domain/snapshot.js';
import type { SshTarget } from '../hosts/ssh-login.js';
import { takeAddress } from './addresses.js';
import { obituary, startChild } from './child.js';
import { command } from './command.js';
import { takeDirectory } from './directories.js';
import { unpack, type UnpackOptions } from './packages.js';
import { until } from './until.js';
import { programs } from './versions.js';

/** A real OpenSSH server on loopback, which lets one key in. It ends, and its directory goes, with the scope. */
export interface SshServer {
  readonly address: Address;
  /** Its users, who do not exist on this machine: one is whom it runs as, the other, only if that is root, nobody. */
  readonly users: { readonly self: string; readonly nobody: string };
  /** The private key that is let in. */
  readonly keyFile: string;
  /** Its own keys, as a line of known_hosts has them after the name. */
  readonly hostKeys: { readonly ed25519: string; readonly ecdsa: string };
  /** Where programs are looked for first in its sessions. */
  readonly bin: string;
  readonly log: string;
  readonly pid: number;
}

export interface SshServerOptions extends UnpackOptions {
  /** Default true. */
  readonly sftp?: boolean;
}

/** @throws LockstepError `sandbox-unavailable` when the mirror no longer holds it */
export async function startSshServer(scope: Scope, options: SshServerOptions = {}): Promise<SshServer> {
  const root = await unpack(programs.openssh, options);
  const directory = await takeDirectory(scope);
  const address = await takeAddress(scope);
  const file = (name: string) => path.join(directory, name);
  const key = async (name: string, type: string) => {
    const [loader, ...rest] = root.argv('usr/bin/ssh-keygen');
    await command(loader, [...rest, '-q', '-t', type, '-N', '', '-C', '', '-f', file(name)]);
    return (await readFile(file(`${name}.pub`), 'utf8')).trim();
  };
  // By its own tool: one in two hundred of the keys that ssh2 makes is none to OpenSSH.
  const ed25519 = await key('host_ed25519', 'ed25519');
  const ecdsa = await key('host_ecdsa', 'ecdsa');
  const client = await key('client', 'ed25519');
  await mkdir(file('bin'));
  await writeFile(file('passwd'), passwd());
  await writeFile(file('group'), 'lockstep:x:0:\nnogroup:x:65534:\n');
  await writeFile(file('sshd_config'), configuration(address, directory, client, options.sftp ?? true));
  // It insists on this empty directory, and the package makes it at each boot, as we do.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const argv = [...root.argv('usr/sbin/sshd'), '-D', '-e', '-r', '-f', file('sshd_config')];
  const [, , folders = ''] = argv;
  const [libraries = ''] = folders.split(':');
  const log = file('log');
  const child = await startChild(argv, {
    log,
    env: {
      LD_PRELOAD: path.join(libraries, 'libnss_wrapper.so'),
      NSS_WRAPPER_PASSWD: file('passwd'),
      NSS_WRAPPER_GROUP: file('group'),
    },
  });
  scope.defer(() => child.stop(1000));
  await until('sshd to listen', async () => !child.alive || (await listens(address)));
  if (!child.alive) throw new LockstepError('sandbox-program-died', `sshd ${await obituary(await child.ended, log)}`);
  return {
    address,
    users: { self: 'lockstep', nobody: 'lockstep-nobody' },
    keyFile: file('client'),
    hostKeys: { ed25519, ecdsa },
    bin: file('bin'),
    log,
    pid: child.pid,
  };
}

/** How it is reached, with its own key known before. @param address where, if not directly */
export function sshTarget({ address: own, users, keyFile, hostKeys }: SshServer, address: Address = own): SshTarget {
  return {
    address,
    user: users.self,
    login: { key: async () => new Secret(await readFile(keyFile, 'utf8')), passphrase: undefined },
    knownHosts: () => Promise.resolve(`[${address.host}]:${address.port} ${hostKeys.ed25519}\n`),
    hostKeys: [],
  };
}

/** An agent that holds this key, until the scope ends. Gives the path of its socket. */
export async function startSshAgent(scope: Scope, keyFile: string, unpacking: UnpackOptions = {}): Promise<string> {
  const root = await unpack(programs.openssh, unpacking);
  const directory = await takeDirectory(scope);
  const socket = path.join(directory, 'agent');
  const agent = await startChild([...root.argv('usr/bin/ssh-agent'), '-D', '-a', socket], {
    log: path.join(directory, 'log'),
  });
  scope.defer(() => agent.stop(1000));
  await until('the agent to listen', () => existsSync(socket));
  const [loader, ...rest] = root.argv('usr/bin/ssh-add');
  await command('env', [`SSH_AUTH_SOCK=${socket}`, loader, ...rest, keyFile]);
  return socket;
}

/** Users are looked up here alone: `sshd` is whom it gives its rights away to before anybody has logged in. */
function passwd(): string {
  const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  return [
    'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin',
    `lockstep:x:${uid}:${gid}::/:/bin/sh`,
    'lockstep-nobody:x:65534:65534::/:/bin/sh',
    '',
  ].join('\n');
}

function configuration({ host, port }: Address, directory: string, key: string, sftp: boolean): string {
  return [
    `ListenAddress ${host}:${port}`,
    `HostKey ${directory}/host_ed25519`,
    `HostKey ${directory}/host_ecdsa`,
    // A file would have to be readable by every user who logs in.
    'AuthorizedKeysFile none',
    `AuthorizedKeysCommand /bin/echo ${key}`,
    'AuthorizedKeysCommandUser lockstep',
    `SetEnv PATH=${directory}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    'AuthenticationMethods publickey',
    'PermitRootLogin yes',
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PidFile none',
    'PrintMotd no',
    ...(sftp ? ['Subsystem sftp internal-sftp'] : []),
    '',
  ].join('\n');
}

function listens(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host: address.host, port: address.port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
