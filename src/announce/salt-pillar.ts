import { LockstepError, messageOf } from '../base/errors.js';
import type { AnnouncedServer, SiteAnnouncer } from '../domain/announcement.js';
import { meant, wordFor, type Words } from './address.js';
import type { AnnouncedCluster, Announcer, Machine, Reading } from './announcer.js';
import { pillarValue, withPillarValue } from './pillar-key.js';
import type { Edit, Place } from './place.js';
import { SaltApi, type SaltApiSettings } from './salt-api.js';

export interface SaltPillarSettings extends Words {
  readonly kind: 'salt-pillar';
  readonly file: string;
  /** As Salt writes it: `infra:hosts_entries:masterdb`. */
  readonly key: string;
  /** What brings the pillar to the minions; undefined: they fetch it in their own time. */
  readonly apply: SaltApiSettings | { readonly kind: 'command'; readonly argv: readonly string[] } | undefined;
}

/** One value of a pillar file, and then whatever brings it to the minions. It cannot keep anybody waiting. */
export class SaltPillar implements Announcer {
  readonly #api: SaltApi | undefined;
  /** The word that was applied last, and how that ended; undefined: not in this process. */
  #applied: { readonly word: string; readonly failure: string | undefined } | undefined;

  constructor(
    readonly site: SiteAnnouncer,
    readonly settings: SaltPillarSettings,
    readonly cluster: AnnouncedCluster,
    readonly place: Place,
    readonly machine: Machine,
  ) {
    const { apply } = settings;
    this.#api = apply?.kind === 'salt-api' ? new SaltApi(apply) : undefined;
  }

  async prepare(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.place.prepare(this.#edit(server), signal);
    await this.#api?.ping(signal);
  }

  hold(): Promise<void> {
    return Promise.resolve();
  }

  async announce(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.place.change(this.#edit(server), signal);
    await this.#apply(server, signal);
  }

  /** Applies nothing where nothing else than this was applied since it was last. */
  async restore(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const word = wordFor(this.settings, server, 'any');
    const before = await this.#value(signal).catch(() => undefined);
    await this.place.change(this.#edit(server), signal);
    await this.place.clear();
    const applied = this.#applied ?? { word, failure: undefined };
    if (before !== word || applied.word !== word || applied.failure !== undefined) await this.#apply(server, signal);
  }

  async read(signal: AbortSignal): Promise<Reading> {
    const found = await this.#value(signal);
    const failure = this.#applied?.word === found ? this.#applied.failure : undefined;
    if (failure !== undefined)
      throw new LockstepError('salt-failed', `the pillar says ${found}, which was not applied: ${failure}`);
    return { found, says: meant(this.settings, this.cluster.servers, found), holding: false };
  }

  async close(): Promise<void> {
    await this.place.clear();
    await this.machine.close();
  }

  async #value(signal: AbortSignal): Promise<string> {
    const content = await this.place.read(signal);
    return this.#explained(() => pillarValue(content, this.settings.key));
  }

  async #apply(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const word = wordFor(this.settings, server, 'any');
    try {
      await this.#bring(server, signal);
      this.#applied = { word, failure: undefined };
    } catch (cause) {
      this.#applied = { word, failure: messageOf(cause) };
      throw cause;
    }
  }

  async #bring(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const { apply } = this.settings;
    if (apply?.kind !== 'command') return this.#api?.apply(signal);
    const environment = {
      LOCKSTEP_ACT: 'announce',
      LOCKSTEP_CLUSTER: this.cluster.name,
      LOCKSTEP_NAMES: this.cluster.names.join(' '),
      LOCKSTEP_PRIMARY: server.name,
      LOCKSTEP_ADDRESS: wordFor(this.settings, server, 'any'),
      LOCKSTEP_PORT: String(server.address.port),
    };
    const { code, stdout, stderr } = await this.machine.run(apply.argv, { environment, signal });
    if (code === 0) return;
    const said = (stderr.trim() || stdout.trim()).split('\n').at(-1)?.slice(0, 300) ?? '';
    throw new LockstepError(
      'command-failed',
      `${apply.argv.join(' ')} ended with ${code ?? 'a signal'}${said === '' ? '' : `: ${said}`}`,
      'The pillar is changed: run it by hand, or wait until the minions apply their states.',
    );
  }

  #edit(server: AnnouncedServer): Edit {
    const word = wordFor(this.settings, server, 'any');
    return { key: word, of: (content) => this.#explained(() => withPillarValue(content, this.settings.key, word)) };
  }

  #explained<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (!(cause instanceof LockstepError)) throw cause;
      throw new LockstepError(cause.code, `${this.place.words}: ${cause.message}`, cause.remedy, { cause });
    }
  }
}
