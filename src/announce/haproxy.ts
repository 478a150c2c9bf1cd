import { LockstepError } from '../base/errors.js';
import type { AnnouncedServer, SiteAnnouncer } from '../domain/announcement.js';
import type { ServerName } from '../domain/snapshot.js';
import type { AnnouncedCluster, Announcer, Reading } from './announcer.js';
import { HaproxyApi, type ApiAddress } from './haproxy-api.js';
import { lineName, lineOf } from './haproxy-lines.js';
import { heldIn, linesWords, refused, stateIn, type BackendState, type ServerLine } from './haproxy-state.js';
import type { Place } from './place.js';

export interface HaproxySettings {
  readonly kind: 'haproxy';
  readonly api: ApiAddress;
  readonly backend: string;
  /** Names of server lines for servers whose line is called otherwise. */
  readonly servers: Readonly<Record<ServerName, string>>;
  /** How long clients are kept waiting at most, seconds; undefined: not at all. */
  readonly holdSeconds: number | undefined;
  /** Whether connections to servers that are not the primary are ended when another is announced. */
  readonly cut: boolean;
  /** Where the backend's state is kept for HAProxy's next start; undefined: nowhere. */
  readonly stateFile: string | undefined;
}

/**
 * A backend of HAProxy with a server line for each server of the cluster: the primary's is ready, the others are in
 * maintenance. One line of commands over the runtime API changes that, in one round trip.
 */
export class Haproxy implements Announcer {
  readonly #api: HaproxyApi;
  /** The server lines that the backend had when it was last asked; which there are changes only with a reload. */
  #known: readonly ServerLine[] | undefined;
  /** The state that is being written to its file. */
  #saving: Promise<void> = Promise.resolve();

  constructor(
    readonly site: SiteAnnouncer,
    readonly settings: HaproxySettings,
    readonly cluster: AnnouncedCluster,
    readonly stateFile: Place | undefined,
  ) {
    this.#api = new HaproxyApi(settings.api);
  }

  async prepare(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const { backend, holdSeconds } = this.settings;
    const before = await this.#state([], signal);
    const line = lineOf(this.settings, this.cluster, server, before.servers);
    // What it is already: nothing changes, and it is seen whether the socket lets us.
    await this.#state([`set server ${backend}/${line.name} state ${line.state}`], signal);
    if (holdSeconds !== undefined && (await this.#held(signal)) === undefined)
      throw new LockstepError(
        'haproxy-cannot-hold',
        'this HAProxy has no command `lockstep`, which keeps clients waiting',
        'Load deploy/haproxy/lockstep.lua with `lua-load` in its `global` section, or leave `hold` out.',
      );
    await this.stateFile?.prepare({ key: 'as it is', of: () => before.text }, signal);
    await this.#api.open(signal);
  }

  async hold(_: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const { backend, holdSeconds } = this.settings;
    if (holdSeconds === undefined) return;
    const { servers } = await this.#state([], signal);
    const lines = servers.filter(({ state, up }) => state === 'ready' && up);
    const [line] = lines;
    if (line === undefined || lines.length > 1)
      throw new LockstepError(
        'haproxy-ambiguous',
        `clients are led to ${lines.length === 0 ? 'no server' : lines.map(({ name }) => name).join(' and ')}, and a hold takes one`,
        'Let exactly one server of the backend be ready.',
      );
    const milliseconds = Math.round(holdSeconds * 1000);
    const answer = await this.#api.send([`lockstep hold ${backend} ${line.name} ${milliseconds}`], signal);
    if (heldIn(answer) === undefined) throw refused(answer);
  }

  async announce(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.#lead(server, signal);
  }

  async restore(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.#lead(server, signal);
    this.#api.close();
  }

  async read(signal: AbortSignal): Promise<Reading> {
    await this.#saving;
    const { servers } = await this.#state([], signal);
    const held = this.settings.holdSeconds === undefined ? 0 : ((await this.#held(signal)) ?? 0);
    return { ...this.#told(servers), holding: held > 0 };
  }

  async close(): Promise<void> {
    this.#api.close();
    // What was announced is to outlast HAProxy, also where Lockstep ends right after it.
    await this.#saving.catch(() => undefined);
    await this.stateFile?.clear();
  }

  /** First the new one is opened, so that nobody is turned away; who still came to the others is cut off with their clients. */
  async #lead(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const { backend, cut, holdSeconds } = this.settings;
    const own = lineName(this.settings, server.name);
    const others = this.cluster.servers.map(({ name }) => lineName(this.settings, name)).filter((name) => name !== own);
    const known = this.#known ?? (await this.#state([], signal)).servers;
    const away = others.filter((other) => known.some(({ name }) => name === other));
    const state = await this.#state(
      [
        `set server ${backend}/${own} state ready`,
        `set server ${backend}/${own} health up`,
        ...away.map((name) => `set server ${backend}/${name} state maint`),
        ...(cut ? away.map((name) => `shutdown sessions server ${backend}/${name}`) : []),
        ...(holdSeconds === undefined ? [] : [`lockstep release ${backend}`]),
      ],
      signal,
    );
    this.#save(state, signal);
  }

  async #state(commands: readonly string[], signal: AbortSignal): Promise<BackendState> {
    const { backend } = this.settings;
    this.#known = undefined;
    const state = stateIn(await this.#api.send([...commands, `show servers state ${backend}`], signal));
    this.#known = state.servers;
    return state;
  }

  async #held(signal: AbortSignal): Promise<number | undefined> {
    return heldIn(await this.#api.send([`lockstep held ${this.settings.backend}`], signal));
  }

  /** Applications are led already: a file that is slow to write keeps nobody. Whether it was written, reading back tells. */
  #save({ text }: BackendState, signal: AbortSignal): void {
    const file = this.stateFile;
    if (file === undefined) return;
    this.#saving = file.change({ key: text, of: () => text }, signal);
    this.#saving.catch(() => undefined);
  }

  #told(servers: readonly ServerLine[]): Omit<Reading, 'holding'> {
    const ready = servers.filter(({ state }) => state === 'ready');
    const used = ready.filter(({ up }) => up);
    const lines = used.length > 0 ? used : ready;
    const [only] = lines;
    const says = lines.length === 1 ? this.cluster.servers.find(({ name }) => lineName(this.settings, name) === only?.name) : undefined; // prettier-ignore
    return { found: linesWords(lines), says: says?.name };
  }
}
