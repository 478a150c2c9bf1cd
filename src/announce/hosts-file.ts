import type { AnnouncedServer, SiteAnnouncer } from '../domain/announcement.js';
import { meant, wordFor, type Words } from './address.js';
import type { AnnouncedCluster, Announcer, Reading } from './announcer.js';
import { addressesIn, withAddress } from './hosts-line.js';
import { explained, type Edit, type Place } from './place.js';

export interface HostsFileSettings extends Words {
  readonly kind: 'hosts-file';
  readonly file: string;
  /** Default: what applications call the primary of the cluster. */
  readonly names: readonly string[] | undefined;
}

/** The line of a hosts file that gives the primary's names an address. It cannot keep anybody waiting. */
export class HostsFile implements Announcer {
  constructor(
    readonly site: SiteAnnouncer,
    readonly settings: HostsFileSettings,
    readonly cluster: AnnouncedCluster,
    readonly place: Place,
  ) {}

  async prepare(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.place.prepare(this.#edit(server), signal);
  }

  hold(): Promise<void> {
    return Promise.resolve();
  }

  async announce(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.place.change(this.#edit(server), signal);
  }

  async restore(server: AnnouncedServer, signal: AbortSignal): Promise<void> {
    await this.place.change(this.#edit(server), signal);
    await this.place.clear();
  }

  async read(signal: AbortSignal): Promise<Reading> {
    const content = await this.place.read(signal);
    const addresses = explained(this.place, () => addressesIn(content, namesOf(this.settings, this.cluster)));
    const found = addresses.join(', ');
    return { found, says: meant(this.settings, this.cluster.servers, found), holding: false };
  }

  close(): Promise<void> {
    return this.place.clear();
  }

  #edit(server: AnnouncedServer): Edit {
    const address = wordFor(this.settings, server, 'ip');
    const names = namesOf(this.settings, this.cluster);
    return { key: address, of: (content) => explained(this.place, () => withAddress(content, names, address)) };
  }
}

export function namesOf({ names }: HostsFileSettings, cluster: AnnouncedCluster): readonly string[] {
  return names ?? cluster.names;
}
