import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { LockstepError } from '../base/errors.js';
import type { Scope } from '../base/scope.js';
import type { Secret } from '../base/secret.js';
import type { Address } from '../domain/snapshot.js';
import { freePort } from './addresses.js';
import { obituary, startChild, type Child } from './child.js';
import { tryCommand, type CommandResult } from './command.js';
import { takeDirectory } from './directories.js';
import { unpack, type Root, type UnpackOptions } from './packages.js';
import { until } from './until.js';
import { programs, type ProgramName } from './versions.js';

/** A program that answers HTTP on loopback. It is stopped, and its directory removed, when the scope ends. */
export interface Program {
  readonly url: string;
  readonly pid: number;
  readonly directory: string;
  readonly log: string;
  /** Its configuration file, to change and reload; undefined for the exporter. */
  readonly configFile: string | undefined;
  stop(): Promise<void>;
}

export interface ProgramOptions extends UnpackOptions {
  /** Default: a free one on 127.0.0.1. */
  readonly port?: number | undefined;
  /** Further arguments. */
  readonly args?: readonly string[] | undefined;
}

/**
 * Prometheus with `config`, ready to answer.
 * Alerts are sent again after a second, because it learns its Alertmanagers only five seconds after its start.
 */
export async function startPrometheus(
  scope: Scope,
  options: ProgramOptions & { readonly config: string },
): Promise<Program> {
  const root = await unpack(programs.prometheus, options);
  return startProgram(scope, root, 'usr/bin/prometheus', options, (directory, listen, configFile) => [
    `--config.file=${configFile}`,
    `--storage.tsdb.path=${path.join(directory, 'data')}`,
    `--web.listen-address=${listen}`,
    '--web.enable-lifecycle',
    '--rules.alert.resend-delay=1s',
  ]);
}

export interface AlertmanagerOptions extends ProgramOptions {
  readonly config: string;
  /** It tells its peers on loopback what it knows, from this port to theirs. Default: it stands alone. */
  readonly gossip?: { readonly port: number; readonly peers: readonly number[] } | undefined;
}

export async function startAlertmanager(scope: Scope, options: AlertmanagerOptions): Promise<Program> {
  const root = await unpack(programs.alertmanager, options);
  // Its default templates are read from where it is started.
  const cwd = path.join(root.directory, 'usr/share/prometheus/alertmanager');
  return startProgram(
    scope,
    root,
    'usr/bin/prometheus-alertmanager',
    { ...options, cwd },
    (directory, listen, configFile) => [
      `--config.file=${configFile}`,
      `--storage.path=${path.join(directory, 'data')}`,
      `--web.listen-address=${listen}`,
      ...gossipArgs(options.gossip),
    ],
  );
}

function gossipArgs(gossip: AlertmanagerOptions['gossip']): readonly string[] {
  if (gossip === undefined) return ['--cluster.listen-address='];
  const own = `127.0.0.1:${gossip.port}`;
  return [
    `--cluster.listen-address=${own}`,
    `--cluster.advertise-address=${own}`,
    ...gossip.peers.map((port) => `--cluster.peer=127.0.0.1:${port}`),
    '--cluster.settle-timeout=5s',
  ];
}

export interface ExporterOptions extends ProgramOptions {
  /** Default `0.19`. */
  readonly release?: '0.14' | '0.19' | undefined;
  readonly server: Address;
  readonly user: string;
  readonly password: Secret;
  /** Speak TLS, checking the server by this authority; undefined speaks plain text. */
  readonly ca?: string | undefined;
}

/** The peer that the benchmarks measure against. Which collectors it runs is up to `args` and each scrape. */
export async function startMysqldExporter(scope: Scope, options: ExporterOptions): Promise<Program> {
  const { release = '0.19', server, user, password, ca } = options;
  const root = await unpack(programs[`mysqld-exporter-${release}`], options);
  const file = path.join(await takeDirectory(scope), 'client.cnf');
  const tls = ca === undefined ? [] : [`ssl-ca=${ca}`];
  const lines = [`host=${server.host}`, `port=${server.port}`, `user=${user}`, `password=${password.reveal()}`, ...tls];
  await writeFile(file, ['[client]', ...lines, ''].join('\n'), { mode: 0o600 });
  return startProgram(scope, root, 'usr/bin/prometheus-mysqld-exporter', options, (_, listen) => [
    `--config.my-cnf=${file}`,
    `--web.listen-address=${listen}`,
  ]);
}

/** Run promtool, `check metrics` with a scrape as `input` for instance. */
export async function promtool(
  args: readonly string[],
  input = '',
  unpacking: UnpackOptions = {},
): Promise<CommandResult> {
  const root = await unpack(programs.prometheus, unpacking);
  const [loader, ...rest] = root.argv('usr/bin/promtool');
  return tryCommand(loader, [...rest, ...args], { input });
}

/** Run amtool, `check-config` for instance. */
export async function amtool(args: readonly string[], unpacking: UnpackOptions = {}): Promise<CommandResult> {
  const root = await unpack(programs.alertmanager, unpacking);
  const [loader, ...rest] = root.argv('usr/bin/amtool');
  return tryCommand(loader, [...rest, ...args], {});
}

/** Unpack what is needed later, so that a demo can show it as one step. */
export async function unpackPrograms(names: readonly ProgramName[], unpacking: UnpackOptions = {}): Promise<void> {
  await Promise.all(names.map((name) => unpack(programs[name], unpacking)));
}

async function startProgram(
  scope: Scope,
  root: Root,
  program: string,
  options: ProgramOptions & { readonly config?: string; readonly cwd?: string },
  argv: (directory: string, listen: string, configFile: string) => readonly string[],
): Promise<Program> {
  const directory = await takeDirectory(scope);
  const configFile = path.join(directory, 'config.yml');
  const log = path.join(directory, 'log');
  await mkdir(path.join(directory, 'data'));
  if (options.config !== undefined) await writeFile(configFile, options.config, { mode: 0o600 });
  const port = options.port ?? (await freePort('127.0.0.1'));
  const args = [...argv(directory, `127.0.0.1:${port}`, configFile), ...(options.args ?? [])];
  const child = await startChild([...root.argv(program), ...args], { log, cwd: options.cwd ?? directory });
  const url = `http://127.0.0.1:${port}`;
  scope.defer(() => child.stop(2_000));
  await untilReady(child, url, log, path.basename(program), options.config !== undefined);
  return {
    url,
    pid: child.pid,
    directory,
    log,
    configFile: options.config === undefined ? undefined : configFile,
    stop: () => child.stop(2_000),
  };
}

/** Prometheus and Alertmanager say when they are ready; the exporter is as soon as its page is there. */
async function untilReady(child: Child, url: string, log: string, name: string, says: boolean): Promise<void> {
  await until(`${name} to be ready`, async () => {
    if (!child.alive) return 'died';
    const response = await fetch(says ? `${url}/-/ready` : url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  });
  if (child.alive) return;
  throw new LockstepError('sandbox-program-died', `${name} ${await obituary(await child.ended, log)}`);
}
