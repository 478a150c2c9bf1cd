import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LockstepError } from '../base/errors.js';
import type { Scope } from '../base/scope.js';
import type { Column } from '../dialects/capabilities.js';
import type { Row } from '../dialects/question.js';
import { written } from '../dialects/written.js';
import type { Statement } from '../domain/action.js';
import type { Address } from '../domain/snapshot.js';
import { takeAddress } from './addresses.js';
import { Admin } from './admin.js';
import { obituary, startChild, type Child } from './child.js';
import { command } from './command.js';
import { takeDirectory } from './directories.js';
import { mountDisk } from './disk.js';
import { unpack, unpackedAt, type Root, type UnpackOptions } from './packages.js';
import { baseSettings, durableSettings, optionFile, performanceSchema, relaxedSettings } from './settings.js';
import { replicationSettings, tlsSettings, type ServerTls, type Settings } from './settings.js';
import { copyTemplate } from './template.js';
import { until } from './until.js';
import { columnOf, statements, type Statements } from './statements.js';
import type { VersionRecipe } from './versions.js';

export interface ServerOptions {
  readonly name: string;
  readonly version: VersionRecipe;
  /** Unique in its cluster. */
  readonly serverId: number;
  /** Default `gtid`. */
  readonly mode?: 'gtid' | 'position' | undefined;
  /** Flush at every commit, as production does. Default false: flush now and then, which is faster. */
  readonly durable?: boolean | undefined;
  /** Default: as the server has it, on for MySQL and off for MariaDB. */
  readonly performanceSchema?: boolean | undefined;
  /** Further lines of my.cnf. */
  readonly settings?: Settings | undefined;
  /** Put the data on a disk of its own of so many megabytes (at least 160), which can be filled. Needs root. */
  readonly diskMegabytes?: number | undefined;
  /**
   * Number of the user that it runs as, and to whom its directories belong, so that it may read only what such a server
   * may. Needs root. Default: whoever this process is.
   */
  readonly user?: number | undefined;
}

/**
 * Lay out a server: an address of its own, a directory, a data directory from the template; it does not run yet.
 * All of it goes, and the server is stopped, when the scope ends.
 */
export async function layOutServer(
  scope: Scope,
  options: ServerOptions,
  unpacking: UnpackOptions = {},
): Promise<SandboxServer> {
  const { user } = options;
  const unpacked = await unpack(options.version, unpacking);
  const directory = await takeDirectory(scope, user);
  const root =
    user === undefined ? unpacked : await unpackedAt(options.version, unpacked, path.join(directory, 'root'));
  const address = await takeAddress(scope);
  const server = new SandboxServer(root, options, address, directory, unpacking.cache);
  if (options.diskMegabytes !== undefined) await mountDisk(server.disk, options.diskMegabytes);
  await mkdir(server.tlsDirectory);
  await server.wipe(unpacking);
  return scope.own(server, () => server.stop(0)); // its data goes with it: nothing to end cleanly
}

/** A real server as a child process. It boots read-only, always: whoever makes it the primary opens it. */
export class SandboxServer {
  readonly name: string;
  readonly version: VersionRecipe;
  /** How its dialect speaks. */
  readonly column: Column;
  readonly words: Statements;
  readonly disk: string;
  readonly dataDirectory: string;
  readonly tlsDirectory: string;
  readonly socketPath: string;
  readonly configFile: string;
  /** Of option files that it reads after its own: empty unless somebody writes into it. */
  readonly includeDirectory: string;
  readonly errorLog: string;
  readonly #admin: Admin;
  #tls: ServerTls = 'default';
  #extra: Settings = {};
  #child: Child | undefined;

  constructor(
    /** Where its program and libraries lie. */
    readonly root: Root,
    readonly options: ServerOptions,
    /** A loopback address that is its own, and a port. */
    readonly address: Address,
    readonly directory: string,
    readonly cache: string | undefined,
  ) {
    this.name = options.name;
    this.version = options.version;
    this.column = columnOf(options.version, root);
    this.words = statements[options.version.flavour];
    this.disk = path.join(directory, 'disk');
    this.dataDirectory = path.join(this.disk, 'data');
    this.tlsDirectory = path.join(directory, 'tls');
    this.socketPath = path.join(directory, 'sock');
    this.configFile = path.join(directory, 'my.cnf');
    this.includeDirectory = path.join(directory, 'conf.d');
    this.errorLog = path.join(directory, 'error.log');
    this.#admin = new Admin(this.socketPath);
  }

  /** @throws when it does not run */
  get pid(): number {
    return this.#running().pid;
  }

  get performanceSchema(): boolean {
    return this.options.performanceSchema ?? this.version.flavour === 'mysql';
  }

  get running(): boolean {
    return this.#child?.alive ?? false;
  }

  /** The words that it is started with. */
  get argv(): readonly [string, ...string[]] {
    return [...this.root.argv('usr/sbin/mysqld'), `--defaults-file=${this.configFile}`];
  }

  /** Takes effect at the next start. */
  setTls(tls: ServerTls): void {
    this.#tls = tls;
  }

  /** Further lines of my.cnf, over those of the options; undefined takes a line out. Takes effect at the next start. */
  configure(settings: Settings): void {
    this.#extra = { ...this.#extra, ...settings };
  }

  /** Kill it and begin anew: the data of the template, none of what {@link configure} added. It does not run then. */
  async wipe(unpacking: UnpackOptions = {}): Promise<void> {
    await this.stop(0);
    this.#extra = {};
    await rm(this.dataDirectory, { recursive: true, force: true });
    await rm(this.includeDirectory, { recursive: true, force: true });
    await mkdir(this.includeDirectory);
    await mkdir(this.disk, { recursive: true });
    const options = { cache: this.cache, ...unpacking };
    await copyTemplate(this.version, await unpack(this.version, options), this.dataDirectory, options);
    await this.own(this.disk, this.includeDirectory);
  }

  /** Gives these, with all that is in them, to the user that it runs as, where that is another than this process's. */
  async own(...files: readonly string[]): Promise<void> {
    const { user } = this.options;
    if (user !== undefined) await command('chown', ['-R', `${user}:${user}`, ...files]);
  }

  /**
   * Start it and wait until a login works.
   * @throws LockstepError `sandbox-server-died` with the end of its error log.
   */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.running) return;
    const options = `${optionFile(this.#settings())}!includedir ${this.includeDirectory}\n`;
    await writeFile(this.configFile, options, { mode: 0o600 });
    await this.own(this.configFile);
    const child = await startChild(this.argv, { log: this.errorLog, cwd: this.directory, user: this.options.user });
    this.#child = child;
    const over = new AbortController();
    const died = child.ended.then(async (ending) => {
      const message = `${this.version.title} "${this.name}" ${await obituary(ending, this.errorLog)}`;
      throw new LockstepError('sandbox-server-died', message);
    });
    const given = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    const ready = until(`${this.version.title} "${this.name}" to answer`, () => this.#admin.answers(), {
      within: 60_000,
      every: 15,
      signal: given,
    });
    died.catch(() => undefined);
    ready.catch(() => undefined);
    try {
      await Promise.race([ready, died]);
    } catch (failure) {
      await this.stop(0);
      throw failure;
    } finally {
      over.abort();
    }
  }

  /** @param grace milliseconds before it is killed, default 15000: MySQL waits ten seconds for its replicas' streams */
  async stop(grace?: number): Promise<void> {
    await this.#admin.close();
    await this.#child?.stop(grace);
  }

  /** @param grace as for {@link stop} */
  async restart(grace?: number): Promise<void> {
    await this.stop(grace);
    await this.start();
  }

  /** As a crash does: SIGKILL, and gone when this settles. */
  async kill(): Promise<void> {
    const child = this.#running();
    child.kill('SIGKILL');
    await child.ended;
    await this.#admin.close();
  }

  /** SIGSTOP: it holds its connections and says nothing, until {@link thaw}. Stands still once this resolves. */
  async freeze(): Promise<void> {
    const child = this.#running();
    child.kill('SIGSTOP');
    // A thread may go on, and answer, until it is next scheduled.
    await until(`${this.name} to stand still`, () => threadsStopped(child.pid));
  }

  thaw(): void {
    this.#running().kill('SIGCONT');
  }

  /**
   * Run one statement as root over the socket; its rows as text.
   * @param statement SQL, or what a dialect wrote without secrets
   * @param within milliseconds, default 30000
   */
  async sql(statement: string | Statement, within?: number): Promise<readonly Row[]> {
    const text = typeof statement === 'string' ? statement : written(statement, { secrets: {}, notes: {} }).reveal();
    return this.#admin.query(text, within);
  }

  /** Run statements one after another as root over the socket. */
  async run(statements: readonly (string | Statement)[]): Promise<void> {
    for (const statement of statements) await this.sql(statement);
  }

  #running(): Child {
    if (this.#child?.alive === true) return this.#child;
    throw new LockstepError('sandbox-server-down', `the server "${this.name}" does not run`, 'Start it first.');
  }

  #settings(): Settings {
    const { version, options } = this;
    return {
      ...baseSettings(version, this.root, this.dataDirectory),
      ...(options.durable === true ? durableSettings : relaxedSettings),
      ...performanceSchema(version, this.performanceSchema),
      ...replicationSettings(version, options.serverId, options.mode ?? 'gtid'),
      ...tlsSettings(version, this.#tls),
      bind_address: this.address.host,
      port: this.address.port,
      report_host: this.address.host,
      report_port: this.address.port,
      socket: this.socketPath,
      pid_file: path.join(this.directory, 'pid'),
      tmpdir: this.dataDirectory,
      read_only: 1,
      ...(options.user === undefined ? {} : { user: undefined }),
      ...options.settings,
      ...this.#extra,
    };
  }
}

async function threadsStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
  return states.every((stat) => stat.slice(stat.lastIndexOf(')') + 2).startsWith('T'));
}
