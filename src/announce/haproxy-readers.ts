import { setTimeout as pause } from 'node:timers/promises';
import type { ServerName } from '../domain/snapshot.js';
import { serverNamed } from './address.js';
import type { AnnouncedCluster } from './announcer.js';
import { HaproxyApi, type ApiAddress } from './haproxy-api.js';
import { lineName, lineOf, type Backend } from './haproxy-lines.js';
import { linesWords, sessionsOn, stateIn, type BackendState, type ServerLine } from './haproxy-state.js';
import type { Place } from './place.js';
import { listed, type ReadSide, type ReadersChange, type ReadersReading } from './read-side.js';

export interface HaproxyReadersSettings extends Backend {
  readonly api: ApiAddress;
  /** Those that applications read from when nobody is withdrawn. */
  readonly members: readonly ServerName[];
  /** Whether the primary is read from while nobody else may be. */
  readonly fallback: boolean;
  /** How long those who read from a withdrawn server may take to go, seconds; then they are cut off. */
  readonly drainSeconds: number;
}

/** Between two looks at how many are still there, milliseconds. */
const drainPause = 100;

/**
 * A backend of HAProxy that reads go to. Whoever is read from is ready, a withdrawn server is in maintenance, and the
 * primary, which may stand in, is in maintenance until then. The state stands in HAProxy's state file before a change is
 * said to be done, so that its restart returns nobody.
 */
export class HaproxyReaders implements ReadSide {
  readonly #api: HaproxyApi;

  constructor(
    readonly settings: HaproxyReadersSettings,
    readonly cluster: AnnouncedCluster,
    readonly stateFile: Place,
  ) {
    this.#api = new HaproxyApi(settings.api);
  }

  /** What it is already: nothing changes, and it is seen whether the socket lets us. */
  async prepare(signal: AbortSignal, primary?: ServerName): Promise<void> {
    const before = await this.#state([], signal);
    const { members, fallback } = this.settings;
    const needed = fallback && primary !== undefined ? new Set([...members, primary]) : members;
    const lines = [...needed].map((name) => this.#line(name, before));
    await this.#state(lines.map(({ name, state }) => this.#set(name, state)), signal); // prettier-ignore
    await this.stateFile.prepare({ key: 'as it is', of: () => before.text }, signal);
    await this.stateFile.clear();
  }

  async change(change: ReadersChange, signal: AbortSignal): Promise<void> {
    const before = await this.#state([], signal);
    const now = this.#readersIn(before);
    const next = listed(now, change, this.settings.members);
    // All that are needed are there before anything is changed.
    const own = lineOf(this.settings, this.cluster, change.server, before.servers);
    const coming = next.map((name) => this.#line(name, before));
    // First who comes, so that nobody is turned away.
    await this.#state(coming.flatMap((line) => (line.state === 'ready' ? [] : [this.#set(line.name, 'ready')])), signal); // prettier-ignore
    if (change.act === 'withdraw') await this.#empty(own, signal);
    // Whoever stood in has been read from rightly: its clients end when they end.
    const going = now.filter((name) => !next.includes(name) && name !== change.server.name);
    const after = await this.#state(going.map((name) => this.#set(lineName(this.settings, name), 'maint')), signal); // prettier-ignore
    await this.stateFile.change({ key: after.text, of: () => after.text }, signal);
  }

  async read(signal: AbortSignal): Promise<ReadersReading> {
    const state = await this.#state([], signal);
    const readers = this.#readersIn(state);
    return { readers, found: linesWords(state.servers.filter((line) => line.state === 'ready')) };
  }

  async close(): Promise<void> {
    this.#api.close();
    await this.stateFile.clear();
  }

  /** No new clients from now on; those who are there may end what they do, for so long. */
  async #empty({ name: line, state }: ServerLine, signal: AbortSignal): Promise<void> {
    const { backend, drainSeconds } = this.settings;
    const until = performance.now() + drainSeconds * 1000;
    if (drainSeconds > 0 && state !== 'maint') {
      await this.#state([this.#set(line, 'drain')], signal);
      while (performance.now() < until) {
        const answer = await this.#api.send(['show stat -1 4 -1'], signal);
        if (sessionsOn(answer, backend, line) === 0) break;
        await pause(drainPause, undefined, { signal });
      }
    }
    await this.#state([this.#set(line, 'maint'), `shutdown sessions server ${backend}/${line}`], signal);
  }

  #set(line: string, state: 'ready' | 'drain' | 'maint'): string {
    return `set server ${this.settings.backend}/${line} state ${state}`;
  }

  async #state(commands: readonly string[], signal: AbortSignal): Promise<BackendState> {
    const answers = await this.#api.send([...commands, `show servers state ${this.settings.backend}`], signal);
    return stateIn(answers);
  }

  #line(name: ServerName, { servers }: BackendState): ServerLine {
    return lineOf(this.settings, this.cluster, serverNamed(this.cluster, name), servers);
  }

  /** Whether its checks let a server be used is HAProxy's business. */
  #readersIn({ servers }: BackendState): readonly ServerName[] {
    return this.cluster.servers
      .map(({ name }) => name)
      .filter((name) => servers.find((line) => line.name === lineName(this.settings, name))?.state === 'ready');
  }
}
