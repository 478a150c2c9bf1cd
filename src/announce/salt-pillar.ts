import { LockstepError, messageOf } from '../base/errors.js';
import type { AnnouncedServer, SiteAnnouncer } from '../domain/announcement.js';
import { meant, wordFor, type Words } from './address.js';
import type { AnnouncedCluster, Announcer, Machine, Reading } from './announcer.js';
import { pillarValue, withPillarValue } from './pillar-key.js';
import { explained, type Edit, type Place } from './place.js';
import { runTold } from './program.js';
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
  /** The word that minions have, and how its applying ended; undefined: this process does not know. */
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
    // What stands there before anything is changed, the minions have.
    this.#applied ??= { word: await this.#value(signal), failure: undefined };
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

  /**
   * Applies nothing where this process knows that the minions have it: one that died may have changed the
   * file alone.
   */
  async restore(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    const word = wordFor(this.settings, server, 'any');
    const before = await this.#value(signal).catch(() => undefined);
    await this.place.change(this.#edit(server), signal);
    await this.place.clear();
    if (before !== word || this.#applied?.word !== word || this.#applied.failure !== undefined)
      await this.#apply(server, signal);
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
    return explained(this.place, () => pillarValue(content, this.settings.key));
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
    const { name, address } = server;
    const primary = { name, host: wordFor(this.settings, server, 'any'), port: address.port };
    const remedy = 'The pillar is changed: run it by hand, or wait until the minions apply their states.';
    await runTold(this.machine, apply.argv, { act: 'announce', cluster: this.cluster, primary }, remedy, signal);
  }

  #edit(server: AnnouncedServer): Edit {
    const word = wordFor(this.settings, server, 'any');
    return {
      key: word,
      of: (content) => explained(this.place, () => withPillarValue(content, this.settings.key, word)),
    };
  }
}
