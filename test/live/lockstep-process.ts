import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { HistoryLine, PlanView } from '../../src/engine/automation.js';
import type { RunView } from '../../src/engine/run.js';
import { takeAddress } from '../../src/sandbox/addresses.js';
import { startChild, type Child, type Ending } from '../../src/sandbox/child.js';
import type { SandboxCluster } from '../../src/sandbox/cluster.js';
import {
  certificatesKept,
  writeConfiguration,
  type ConfigurationOptions,
  type Keys,
} from '../../src/sandbox/configuration.js';
import { takeDirectory } from '../../src/sandbox/directories.js';
import { serviceOf } from '../../src/sandbox/service.js';
import { until } from '../../src/sandbox/until.js';

const root = path.join(import.meta.dirname, '../..');

/** What a test asks a running Lockstep for. */
export interface Asked {
  readonly procedure: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly mode?: string;
}

/**
 * `lockstep serve` as a process of its own, with its journal, asked over HTTP as an operator. It can be killed, frozen
 * and started again over the same journal.
 */
export class LockstepProcess {
  #child: Child | undefined;

  private constructor(
    readonly file: string,
    readonly url: string,
    readonly journal: string,
    readonly log: string,
    readonly token: string,
  ) {}

  /**
   * Writes its configuration; it does not run yet. Goes with the sandbox.
   * @param whole further keys of the file @param keys further keys of the cluster @param ofServer of each server
   */
  static async lay(
    sandbox: SandboxCluster,
    whole: Keys = {},
    keys: Keys = {},
    ofServer?: ConfigurationOptions['ofServer'],
  ): Promise<LockstepProcess> {
    const { scope } = sandbox;
    const directory = await takeDirectory(scope);
    const { host, port } = await takeAddress(scope);
    const token = path.join(directory, 'ops.token');
    await writeFile(token, 'operators-token\n', { mode: 0o600 });
    const journal = path.join(directory, 'journal');
    const services = await Promise.all(
      sandbox.servers.map(async (server) => [server.name, await serviceOf(scope, server)] as const),
    );
    const kept = certificatesKept(sandbox, {}, Object.fromEntries(services));
    const file = await writeConfiguration(sandbox, {
      ...kept,
      keys: { ...kept.keys, ...keys },
      ofServer: (server) => withHosts(kept.ofServer?.(server) ?? {}, ofServer?.(server) ?? {}),
      whole: {
        ...kept.whole,
        listen: `${host}:${port}`,
        journal: { directory: journal },
        observe: { timeout: '5s', slow_interval: '5s', freshness: '1ms' },
        ...whole,
        tokens: [
          { name: 'ops', role: 'operator', token_file: token },
          ...((whole['tokens'] as unknown[] | undefined) ?? []),
        ],
      },
    });
    const lockstep = new LockstepProcess(
      file,
      `http://${host}:${port}`,
      journal,
      path.join(directory, 'lockstep.log'),
      'operators-token',
    );
    scope.defer(() => lockstep.stop());
    return lockstep;
  }

  /** Starts it and waits until it is ready, or has ended. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const argv = [process.execPath, path.join(root, 'dist/main.js'), 'serve', '--config', this.file];
    const child = (this.#child = await startChild(argv, { log: this.log, env: { ...process.env, ...env } }));
    const ready = async () => !child.alive || (await this.#answers());
    await until('Lockstep to be ready', ready, { within: 30_000, every: 25 });
  }

  /** Whether it ever was; it may be dead by now. */
  get started(): boolean {
    return this.#child !== undefined;
  }

  get child(): Child {
    if (this.#child === undefined) throw new Error('Lockstep was not started');
    return this.#child;
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
  }

  async kill(): Promise<Ending> {
    this.child.kill('SIGKILL');
    return this.child.ended;
  }

  /** Whether the process stands still, as SIGSTOP leaves it. */
  async frozen(): Promise<boolean> {
    const stat = await readFile(`/proc/${this.child.pid}/stat`, 'utf8').catch(() => '');
    return stat.includes(') T ');
  }

  /** @param within milliseconds; a frozen process never answers */
  async api(method: string, route: string, body?: unknown, within = 20_000): Promise<unknown> {
    const response = await fetch(`${this.url}/api/v1${route}`, {
      method,
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(within),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route} answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async run(asked: Asked): Promise<RunView> {
    return (await this.api('POST', '/runs', asked)) as RunView;
  }

  async plan(asked: Asked): Promise<PlanView> {
    return (await this.api('POST', '/plans', asked)) as PlanView;
  }

  async runs(within?: number): Promise<readonly RunView[]> {
    return ((await this.api('GET', '/runs', undefined, within)) as { readonly runs: readonly RunView[] }).runs;
  }

  async shown(id: string): Promise<RunView & { readonly history: readonly HistoryLine[] }> {
    return (await this.api('GET', `/runs/${id}`)) as RunView & { readonly history: readonly HistoryLine[] };
  }

  /** Settles with the run when it is as wanted. */
  async until(id: string, what: string, wanted: (run: RunView) => boolean, within = 20_000): Promise<RunView> {
    let last: RunView | undefined;
    const met = async () => {
      last = await this.shown(id);
      return wanted(last);
    };
    await until(`run ${id} to be ${what}`, met, { within, every: 100 }).catch((cause: unknown) => {
      throw new Error(`the run is ${JSON.stringify(last)}`, { cause });
    });
    if (last === undefined) throw new Error('no run');
    return last;
  }

  /** @param within milliseconds; default 20 seconds */
  ended(id: string, within?: number): Promise<RunView> {
    return this.until(id, 'ended', ({ state }) => state === 'ended' || state === 'needs-human', within);
  }

  /** All that it ever said or wrote down: its log, its journal, its pages. */
  async said(): Promise<string> {
    const files = (await readdir(this.journal)).filter((name) => name.endsWith('.jsonl'));
    const runs = await this.runs();
    const shown = await Promise.all(runs.map(({ id }) => this.shown(id)));
    const texts = [
      ...[this.log, ...files.map((name) => path.join(this.journal, name))].map((file) => readFile(file, 'utf8')),
      ...['/metrics', '/sd'].map(async (page) => (await fetch(`${this.url}${page}`)).text()),
    ];
    return [...(await Promise.all(texts)), JSON.stringify(shown)].join('\n');
  }

  async #answers(): Promise<boolean> {
    return fetch(`${this.url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}

/** Keys of a server over others; what may be touched on its host is what either names. */
function withHosts(first: Keys, second: Keys): Keys {
  const [one, other] = [first['hosts'], second['hosts']] as readonly (Keys | undefined)[];
  const lists = Object.fromEntries(
    ['paths', 'programs'].map((key) => [key, [one?.[key] ?? [], other?.[key] ?? []].flat()]),
  );
  return { ...first, ...second, hosts: { ...one, ...other, ...lists } };
}
