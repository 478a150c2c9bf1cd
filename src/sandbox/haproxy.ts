import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { LockstepError } from '../base/errors.js';
import type { Scope } from '../base/scope.js';
import type { Address } from '../domain/snapshot.js';
import { takeAddress } from './addresses.js';
import { obituary, startChild, type Child } from './child.js';
import { takeDirectory } from './directories.js';
import { unpack, type UnpackOptions } from './packages.js';
import { until } from './until.js';
import { programs } from './versions.js';

/** A real HAProxy on loopback, which hands TLS through (mode tcp). It ends, and its directory goes, with the scope. */
export interface Haproxy {
  /** Where clients connect. */
  readonly address: Address;
  /** Of its only frontend and backend. */
  readonly backend: string;
  /** The runtime API, with all rights: a Unix socket, and over TCP. */
  readonly socket: string;
  readonly api: Address;
  readonly directory: string;
  readonly configFile: string;
  /** Where the backend's state is read from at each start, if the file is there. */
  readonly stateFile: string;
  /** Where readers connect, and its backend's name and state file; '' and port 0 unless it was asked for. */
  readonly readers: { readonly address: Address; readonly backend: string; readonly stateFile: string };
  readonly log: string;
  readonly pid: number;
  readonly version: string;
  /** Sends a line of commands and gives the answer. */
  runtime(commands: string): Promise<string>;
  /** Another process takes the sockets over, with the configuration file as it is now; the old one ends with its last client. */
  reload(): Promise<void>;
  /** Ends every process of it. */
  stop(): Promise<void>;
  /** Starts it again after {@link stop}. */
  start(): Promise<void>;
}

export interface HaproxyServer {
  readonly name: string;
  readonly address: Address;
  /** Whether it begins in maintenance. Default false. */
  readonly disabled?: boolean;
}

export interface HaproxyOptions extends UnpackOptions {
  /** In the order of the configuration. */
  readonly servers: readonly HaproxyServer[];
  /** A frontend and a backend of their own for those who read, with these servers. Default none. */
  readonly readers?: readonly HaproxyServer[];
  /** Default `mysql`. */
  readonly backend?: string;
  /**
   * Servers are up as `/role` of this Lockstep says, asked every half second; two refusals in a row take one out.
   * Default: what is not disabled is up.
   */
  readonly role?: { readonly lockstep: string; readonly cluster: string };
}

/** @throws LockstepError `sandbox-unavailable` when the mirror no longer holds it */
export async function startHaproxy(scope: Scope, options: HaproxyOptions): Promise<Haproxy> {
  const { backend = 'mysql' } = options;
  const root = await unpack(programs.haproxy, options);
  const directory = await takeDirectory(scope);
  const [address, api] = [await takeAddress(scope), await takeAddress(scope)];
  const reading = options.readers === undefined ? { host: '', port: 0 } : await takeAddress(scope);
  const file = (name: string) => path.join(directory, name);
  const [socket, configFile, log] = [file('admin.sock'), file('haproxy.cfg'), file('log')];
  await writeFile(configFile, configuration(options, { backend, directory, address, reading, api, socket }));
  const children: Child[] = [];
  const start = async (takingOver: readonly string[]) => {
    const argv = [...root.argv('usr/sbin/haproxy'), '-db', '-f', configFile, ...takingOver];
    const child = await startChild(argv, { log, cwd: directory });
    children.push(child);
    await until('HAProxy to answer', async () => !child.alive || (await answers(socket, child.pid)));
    if (!child.alive)
      throw new LockstepError('sandbox-program-died', `haproxy ${await obituary(await child.ended, log)}`);
  };
  const stop = async () => {
    await Promise.all(children.map((child) => child.stop(500)));
  };
  scope.defer(stop);
  await start([]);
  const running = () => children.at(-1)?.pid ?? 0;
  return {
    ...{ address, backend, socket, api, directory, configFile, log, version: root.version },
    stateFile: file(backend),
    readers: { address: reading, backend: readersOf(backend), stateFile: file(readersOf(backend)) },
    get pid() {
      return running();
    },
    runtime: (commands) => ask(socket, commands),
    reload: () => start(['-x', socket, '-sf', String(running())]),
    stop,
    start: () => start([]),
  };
}

interface Places {
  readonly backend: string;
  readonly directory: string;
  readonly address: Address;
  readonly reading: Address;
  readonly api: Address;
  readonly socket: string;
}

function readersOf(backend: string): string {
  return `${backend}-read`;
}

/** As it is shipped, beside src/ or dist/; benchmarks are compiled one folder deeper. */
const lua = ['../..', '../../..']
  .map((up) => fileURLToPath(new URL(`${up}/deploy/haproxy/lockstep.lua`, import.meta.url)))
  .find(existsSync);

function configuration(options: HaproxyOptions, places: Places): string {
  const { servers, readers } = options;
  const { backend, directory, address, reading, api, socket } = places;
  return [
    'global',
    `  stats socket ${socket} mode 600 level admin expose-fd listeners`,
    `  stats socket ipv4@${api.host}:${api.port} level admin`,
    '  stats timeout 1m',
    `  server-state-base ${directory}`,
    `  lua-load ${lua}`,
    'defaults',
    '  mode tcp',
    '  option redispatch',
    '  timeout connect 2s',
    '  timeout queue 5s',
    '  timeout client 1h',
    '  timeout server 1h',
    '  load-server-state-from-file local',
    ...section(backend, address, servers, options.role),
    ...(readers === undefined ? [] : section(readersOf(backend), reading, readers, undefined)),
    '',
  ].join('\n');
}

/** A frontend and a backend of one name. */
function section(
  name: string,
  address: Address,
  servers: readonly HaproxyServer[],
  role: HaproxyOptions['role'],
): readonly string[] {
  const lockstep = role && new URL(role.lockstep);
  const check = lockstep === undefined ? '' : ` check addr ${lockstep.hostname} port ${lockstep.port} inter 500ms fall 2 rise 1`; // prettier-ignore
  return [
    `frontend ${name}`,
    `  bind ${address.host}:${address.port}`,
    `  default_backend ${name}`,
    `backend ${name}`,
    `  server-state-file-name ${name}`,
    ...(role === undefined
      ? []
      : [
          '  option httpchk',
          `  http-check send meth GET uri-lf "/role/${role.cluster}/%[srv_name]" ver HTTP/1.1 hdr Host lockstep`,
        ]),
    ...servers.map(
      ({ name: server, address: to, disabled }) => `  server ${server} ${to.host}:${to.port}${check}${disabled === true ? ' disabled' : ''}`, // prettier-ignore
    ),
  ];
}

/** Whether this very process holds the socket: while one takes over from another, both listen. */
async function answers(socket: string, pid: number): Promise<boolean> {
  return existsSync(socket) && (await ask(socket, 'show info')).includes(`\nPid: ${pid}\n`);
}

function ask(socket: string, commands: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = net.connect({ path: socket });
    let text = '';
    connection.once('error', reject).once('close', () => resolve(text));
    connection.on('data', (bytes) => (text += bytes.toString()));
    connection.end(`${commands}\n`);
  });
}
