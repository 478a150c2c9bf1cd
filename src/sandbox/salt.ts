import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'yaml';
import { LockstepError, messageOf } from '../base/errors.js';
import type { Scope } from '../base/scope.js';
import { freePort, takeAddress } from './addresses.js';
import { obituary, startChild, type Child } from './child.js';
import { command, tail, tryCommand } from './command.js';
import { takeDirectory } from './directories.js';
import { locked } from './lock.js';
import { cacheDirectory, type UnpackOptions } from './packages.js';
import { until } from './until.js';

/** What PyPI is asked for. CherryPy is what salt-api answers with. */
const wanted = ['salt==3008.4', 'cherrypy==18.10.0'];

/** A real Salt on loopback: a master, one minion and salt-api. It ends, and its directory goes, with the scope. */
export interface Salt {
  /** Of salt-api, without TLS: it listens on loopback alone. */
  readonly url: string;
  /** Who may do anything by salt-api, with `eauth: sharedsecret`. */
  readonly user: string;
  readonly password: string;
  readonly minion: string;
  /** Where the pillar and the states of the master lie. */
  readonly pillar: string;
  readonly states: string;
  /** A directory for what states make on the minion's machine, which is this one. */
  readonly target: string;
  /** Starts the minion again after {@link stopMinion}. */
  startMinion(): Promise<void>;
  stopMinion(): Promise<void>;
}

export interface SaltOptions extends UnpackOptions {
  /** Files of the pillar and the states by their names, `top.sls` among them. */
  readonly pillar: Readonly<Record<string, string>>;
  /** @param target the directory that is {@link Salt.target} */
  readonly states: (target: string) => Readonly<Record<string, string>>;
}

/** @throws LockstepError `sandbox-unavailable` where Python or PyPI cannot be had */
export async function startSalt(scope: Scope, options: SaltOptions): Promise<Salt> {
  const bin = await installSalt(options);
  const directory = await takeDirectory(scope);
  const at = (name: string) => path.join(directory, name);
  const [pillar, states, target] = [at('pillar'), at('states'), at('target')];
  for (const one of [pillar, states, target, at('etc')]) await mkdir(one);
  for (const [folder, files] of [
    [pillar, options.pillar],
    [states, options.states(target)],
  ] as const)
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
  const address = await takeAddress(scope);
  const [publish, answers, api] = [address.port, await freePort(address.host), await freePort(address.host)];
  const password = 'a-secret-that-is-shared';
  const common = { root_dir: directory, user: process.env['USER'] ?? 'root', log_level: 'warning' };
  const master = {
    ...common,
    ...{ interface: address.host, publish_port: publish, ret_port: answers, auto_accept: true, worker_threads: 3 },
    ...{ file_roots: { base: [states] }, pillar_roots: { base: [pillar] } },
    ...{ external_auth: { sharedsecret: { lockstep: ['.*'] } }, sharedsecret: password },
    ...{ netapi_enable_clients: ['local'], rest_cherrypy: { host: address.host, port: api, disable_ssl: true } },
  };
  const minion = {
    ...common,
    ...{ id: 'app1', master: address.host, publish_port: publish, master_port: answers },
    ...{ acceptance_wait_time: 1, random_startup_delay: 0, multiprocessing: false, grains_cache: true },
  };
  await writeFile(at('etc/master'), stringify(master));
  await writeFile(at('etc/minion'), stringify(minion));
  const run = (name: string) => startDaemon(scope, path.join(bin, name), at('etc'), at(`${name}.log`));
  await run('salt-master');
  const url = `http://${address.host}:${api}`;
  const daemon = await run('salt-api');
  await until('salt-api to answer', async () => !daemon.alive || (await fetch(url)).ok, patient);
  if (!daemon.alive)
    throw new LockstepError(
      'sandbox-program-died',
      `salt-api ${await obituary(await daemon.ended, at('salt-api.log'))}`,
    );
  const salt = { url, user: 'lockstep', password, minion: 'app1', pillar, states, target };
  let minionDaemon: Child | undefined;
  const startMinion = async () => {
    minionDaemon = await run('salt-minion');
    await until('the minion to answer', () => answersPing(salt), patient);
  };
  await startMinion();
  return { ...salt, startMinion, stopMinion: async () => minionDaemon?.stop(3000) };
}

/** Everything is slow at first: keys are made, and Python compiles what it reads. */
const patient = { within: 90_000, every: 200 };

/**
 * The programs of Salt, in a virtual environment of its own in the cache.
 * @returns the directory that they lie in
 * @throws LockstepError `sandbox-unavailable` where Python or PyPI cannot be had
 */
export async function installSalt({ cache = cacheDirectory(), progress, signal }: UnpackOptions = {}): Promise<string> {
  const directory = path.join(cache, 'python', wanted.join('+'));
  const done = path.join(directory, 'lockstep-installed');
  const bin = path.join(directory, 'bin');
  if (existsSync(done)) return bin;
  await locked(
    `python/${directory}`,
    async () => {
      if (existsSync(done)) return;
      progress?.('installing Salt from PyPI');
      // What was begun and not ended.
      await rm(directory, { recursive: true, force: true });
      try {
        await mkdir(path.dirname(directory), { recursive: true });
        await command('python3', ['-m', 'venv', directory], { signal });
        const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted];
        await command(path.join(bin, 'python'), pip, { signal });
      } catch (cause) {
        signal?.throwIfAborted();
        throw new LockstepError(
          'sandbox-unavailable',
          `Salt cannot be installed from PyPI: ${tail(messageOf(cause), 2).replace(/\.$/, '')}`,
          'It takes python3 with venv (Debian: apt-get install python3-venv) and a way to PyPI.',
          { cause },
        );
      }
      await writeFile(done, '');
    },
    signal,
  );
  return bin;
}

/** Salt makes processes that outlive it when it is killed: in a namespace of their own all end with the first. */
async function startDaemon(scope: Scope, program: string, etc: string, log: string): Promise<Child> {
  const apart = (await tryCommand('unshare', [...namespace, 'true']).catch(() => undefined))?.code === 0;
  const child = await startChild([...(apart ? ['unshare', ...namespace] : []), program, '-c', etc], { log });
  scope.defer(() => child.stop(3000));
  return child;
}

const namespace = ['--pid', '--fork', '--mount-proc', '--kill-child'];

async function answersPing({ url, user, password, minion }: Pick<Salt, 'url' | 'user' | 'password' | 'minion'>) {
  const response = await fetch(`${url}/run`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify([{ client: 'local', tgt: minion, fun: 'test.ping', username: user, password, eauth: 'sharedsecret' }]), // prettier-ignore
    signal: AbortSignal.timeout(20_000),
  });
  return response.ok && (await response.text()).includes('true');
}
