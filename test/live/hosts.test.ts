import { setMaxListeners } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Scope } from '../../src/base/scope.js';
import { Secret } from '../../src/base/secret.js';
import type { HostLimits } from '../../src/hosts/allowed.js';
import { fingerprintOf } from '../../src/hosts/host-key.js';
import type { Host } from '../../src/hosts/host.js';
import { openHost } from '../../src/hosts/open.js';
import type { SshTarget } from '../../src/hosts/ssh-login.js';
import { command } from '../../src/sandbox/command.js';
import { unpack } from '../../src/sandbox/packages.js';
import { openLink } from '../../src/sandbox/proxy.js';
import { sshTarget, startSshAgent, startSshServer, type SshServer } from '../../src/sandbox/ssh-server.js';
import { until } from '../../src/sandbox/until.js';
import { programs } from '../../src/sandbox/versions.js';
import { hostSuite } from '../hosts/suite.js';

const scope = new Scope();
const base = mkdtempSync(path.join(tmpdir(), 'lockstep-ssh-'));
const { signal } = new AbortController();
setMaxListeners(0, signal);
let server: SshServer;
let bare: SshServer;

beforeAll(async () => {
  [server, bare] = await Promise.all([startSshServer(scope), startSshServer(scope, { sftp: false })]);
  // What sudo does for a user without a terminal who needs no password.
  const sudo = path.join(server.bin, 'sudo');
  writeFileSync(sudo, '#!/bin/sh\n[ "$1 $2" = "-n --" ] || exit 99\nshift 2\nexec env -i PATH="$PATH" "$@"\n');
  chmodSync(sudo, 0o755);
});

afterAll(async () => {
  await scope.end();
  rmSync(base, { recursive: true });
});

const nothing: HostLimits = { paths: [], programs: [], services: {} };

/** A host that goes with the scope. */
function open(target: SshTarget, limits: Partial<HostLimits> = {}, sudo = false): Host {
  return scope.own(openHost({ kind: 'ssh', sudo, ...target, ...nothing, ...limits }), (host) => host.close());
}

// sshd sends no signal to what root runs.
const how = { lean: true, ends: process.getuid?.() !== 0 };
hostSuite('ssh, files by SFTP', (limits) => open(sshTarget(server), limits), how);
hostSuite('ssh, files by commands', (limits) => open(sshTarget(bare), limits), how);
hostSuite('ssh with sudo', (limits) => open(sshTarget(server), limits, true), { lean: true, ends: false });

describe('the host key', () => {
  const known = (more: Partial<SshTarget>) =>
    open({ ...sshTarget(server), ...more }, { paths: [base] }).stat(base, { signal });
  const name = () => `[${server.address.host}]:${server.address.port}`;
  const another = ssh2.utils.generateKeyPairSync('ed25519').public;
  const fingerprint = (line: string) => fingerprintOf(Buffer.from(line.split(' ')[1] ?? '', 'base64'));

  it('is asked for by the kind that is known', async () => {
    const knownHosts = () => Promise.resolve(`# all\n*.example,${name()} ${server.hostKeys.ecdsa} comment\n`);
    expect((await known({ knownHosts }))?.kind).toBe('directory');
  });

  it('may be pinned by its fingerprint', async () => {
    const pins = [fingerprint(another), fingerprint(server.hostKeys.ed25519)];
    expect((await known({ knownHosts: undefined, hostKeys: pins }))?.kind).toBe('directory');
  });

  it.each<[string, string, Partial<SshTarget> | (() => Partial<SshTarget>)]>([
    ['not known', 'host-key-unknown', { knownHosts: () => Promise.resolve('other.example ' + another) }],
    ['another one', 'host-key-changed', () => ({ knownHosts: () => Promise.resolve(`${name()} ${another}`) })],
    [
      'revoked',
      'host-key-changed',
      () => ({
        knownHosts: async () =>
          `@revoked * ${server.hostKeys.ed25519}\n${(await sshTarget(server).knownHosts?.()) ?? ''}`,
      }),
    ],
    ['not the pinned one', 'host-key-changed', { hostKeys: [fingerprint(another)] }],
  ])('is refused when it is %s, before anything is sent', async (_, code, more) => {
    const target = typeof more === 'function' ? more() : more;
    const error: unknown = await known(target).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(fingerprint(server.hostKeys.ed25519)) as string,
    });
  });
});

describe('the login', () => {
  const lookWith = (login: SshTarget['login']) =>
    open({ ...sshTarget(server), login }, { paths: [base] }).stat(base, { signal });
  const key = (text: string) => () => Promise.resolve(new Secret(text));

  it('is refused to another key, and says what to do', async () => {
    const other = ssh2.utils.generateKeyPairSync('ed25519').private;
    await expect(lookWith({ key: key(other), passphrase: undefined })).rejects.toMatchObject({
      code: 'host-login-refused',
      remedy: expect.stringContaining('authorized_keys') as string,
    });
  });

  it('takes a key that is encrypted, with its passphrase alone, and shows neither', async () => {
    const plain = readFileSync(server.keyFile, 'utf8');
    const encrypted = path.join(base, 'encrypted');
    writeFileSync(encrypted, plain, { mode: 0o600 });
    await sshKeygen(['-q', '-p', '-N', 'open sesame', '-f', encrypted]);
    const locked = key(readFileSync(encrypted, 'utf8'));
    expect((await lookWith({ key: locked, passphrase: key('open sesame') }))?.kind).toBe('directory');
    for (const passphrase of [undefined, key('closed sesame')]) {
      const error: unknown = await lookWith({ key: locked, passphrase }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'secret-unreadable' });
      expect(JSON.stringify(error) + String(error)).not.toMatch(/sesame|BEGIN/);
    }
    await expect(lookWith({ key: key('no key'), passphrase: undefined })).rejects.toMatchObject({
      code: 'secret-unreadable',
    });
    await expect(lookWith({ key: key(server.hostKeys.ed25519), passphrase: undefined })).rejects.toMatchObject({
      code: 'secret-unreadable',
    });
  });

  it('goes through an agent', async () => {
    expect((await lookWith({ agent: await startSshAgent(scope, server.keyFile) }))?.kind).toBe('directory');
    await expect(lookWith({ agent: path.join(base, 'no agent') })).rejects.toMatchObject({
      code: 'host-login-refused',
    });
  });
});

describe('the connection', () => {
  /** A host beyond a stretch of network of our own. */
  async function linked(sudo = false) {
    const link = await openLink(scope, server.address);
    const target = { ...sshTarget(server), address: link.address, knownHosts: undefined };
    const hostKeys = [fingerprintOf(Buffer.from(server.hostKeys.ed25519.split(' ')[1] ?? '', 'base64'))];
    const host = open({ ...target, hostKeys }, { paths: [base], programs: ['/bin/sh'] }, sudo);
    return { link, host };
  }
  const unreachable = { code: 'host-unreachable' };

  it('is one for all, made when it is first needed and made again when it was lost', async () => {
    const { link, host } = await linked();
    expect(link.connections).toBe(0);
    const echo = (word: number) => host.run(['/bin/sh', '-c', `echo ${word}`], { signal });
    const answers = await Promise.all(
      [...Array.from({ length: 20 }).keys()].map(async (word) => (await echo(word)).stdout),
    );
    expect(answers.map(Number)).toEqual([...Array.from({ length: 20 }).keys()]);
    await Promise.all(Array.from({ length: 20 }, () => host.stat(base, { signal })));
    expect(link.connections).toBe(1);
    await link.cut();
    await expect(host.stat(base, { signal })).rejects.toMatchObject(unreachable);
    await link.mend();
    expect((await host.stat(base, { signal }))?.kind).toBe('directory');
    await host.close();
    expect((await echo(1)).stdout).toBe('1\n');
  });

  it.each([
    ['SFTP', false],
    ['commands', true],
  ])('that is lost in the middle of a file leaves the old one: %s', async (_, sudo) => {
    const { link, host } = await linked(sudo);
    const file = path.join(base, 'cut');
    writeFileSync(file, 'old');
    await host.stat(file, { signal });
    link.throttle(1_000_000);
    const writing = host.write(file, Buffer.alloc(3_000_000, 'x'), { signal, keepPrevious: true });
    const refused = expect(writing).rejects.toMatchObject(unreachable);
    const temporary = () => readdirSync(base).find((name) => name.startsWith('.cut.'));
    await until('the content to be under way', () => statSync(path.join(base, temporary() ?? 'none')).size > 100_000);
    await link.cut();
    await refused;
    expect(readFileSync(file, 'utf8')).toBe('old');
    // A script that is left alone clears up; of SFTP a temporary file may stay.
    if (sudo) await until('the script to have ended', () => temporary() === undefined);
    await link.mend();
    await host.write(file, Buffer.from('new'), { signal });
    expect(readFileSync(file, 'utf8')).toBe('new');
    for (const name of readdirSync(base).filter((one) => one.includes('cut'))) rmSync(path.join(base, name));
  });

  it('that is silent keeps nobody longer than he would wait', async () => {
    const { link, host } = await linked();
    await host.stat(base, { signal });
    link.blackhole();
    for (const work of [
      (limit: AbortSignal) => host.stat(base, { signal: limit }),
      (limit: AbortSignal) => host.run(['/bin/sh', '-c', ':'], { signal: limit }),
    ]) {
      await expect(work(AbortSignal.timeout(100))).rejects.toMatchObject({ name: 'TimeoutError' });
    }
    await link.mend();
    expect((await host.stat(base, { signal }))?.kind).toBe('directory');
  });

  it('that nobody answers is told', async () => {
    const { link, host } = await linked();
    await link.cut();
    await expect(host.stat(base, { signal })).rejects.toMatchObject({
      code: 'host-unreachable',
      message: expect.stringContaining(
        `ssh lockstep@${link.address.host}:${link.address.port} cannot be reached`,
      ) as string,
    });
  });
});

describe.skipIf(process.getuid?.() !== 0)('an ordinary user', () => {
  const asNobody = () =>
    open({ ...sshTarget(server), user: server.users.nobody }, { paths: [base], programs: ['/bin/sh'] });

  it('is refused by the host what it may not, and told so', async () => {
    const host = asNobody();
    const denied = { code: 'permission-denied' };
    const closed = path.join(base, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    chmodSync(base, 0o755);
    writeFileSync(path.join(base, 'root'), 'x', { mode: 0o600 });
    await expect(host.stat(path.join(closed, 'none'), { signal })).rejects.toMatchObject(denied);
    await expect(host.read(path.join(base, 'root'), { signal })).rejects.toMatchObject(denied);
    await expect(host.write(path.join(base, 'root'), Buffer.from('y'), { signal })).rejects.toMatchObject(denied);
    await expect(host.remove(path.join(base, 'root'), { signal })).rejects.toMatchObject(denied);
    expect(readFileSync(path.join(base, 'root'), 'utf8')).toBe('x');
  });

  it('has its programs ended when they are given up', async () => {
    const ending = new AbortController();
    const script = 'echo $$; echo >&2; trap "exit 1" TERM; for round in $(seq 400); do sleep 0.05; done';
    const pids = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isRunning(name, script));
    const running = asNobody().run(['/bin/sh', '-c', script], { signal: ending.signal });
    await until('the program to run', () => pids().length > 0);
    ending.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await until('the program to have ended', () => pids().length === 0);
  });
});

function isRunning(pid: string, script: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(script);
  } catch {
    return false;
  }
}

async function sshKeygen(args: readonly string[]): Promise<void> {
  const root = await unpack(programs.openssh);
  const [loader, ...rest] = root.argv('usr/bin/ssh-keygen');
  await command(loader, [...rest, ...args]);
}
