import type { SiteAnnouncer } from '../domain/announcement.js';
import type { AnnouncedCluster, Announcer, Machine } from './announcer.js';
import { Command, type CommandSettings } from './command.js';
import { apiWords } from './haproxy-api.js';
import { Haproxy, type HaproxySettings } from './haproxy.js';
import { HostsFile, namesOf, type HostsFileSettings } from './hosts-file.js';
import { SaltPillar, type SaltPillarSettings } from './salt-pillar.js';
import { Webhook, type WebhookSettings } from './webhook.js';
import { LocalPlace, MachinePlace, type Place } from './place.js';
import {
  readersOf,
  type BackendReaders,
  type NamedReaders,
  type PillarReaders,
  type ReaderList,
} from './readers-site.js';

/** One announcer as the configuration describes it. */
export type AnnouncerSettings = { readonly name: string } & (
  | WithReaders<HostsFileSettings, NamedReaders>
  | WithReaders<SaltPillarSettings, PillarReaders>
  | WithReaders<HaproxySettings, BackendReaders>
  | WithReaders<WebhookSettings, ReaderList>
  | WithReaders<CommandSettings, ReaderList>
);

/** `readers`: from whom applications read, where this announcer leads them; left out: it tells of the primary alone. */
type WithReaders<Settings, Readers> = Settings & { readonly readers?: Readers | undefined };

/** Where an announcer's file lies or its program runs. */
export interface Where {
  readonly machine: Machine;
  /** Whether it is this machine, with Lockstep's own rights. */
  readonly here: boolean;
}

/** Connects to nothing yet. Whoever opens it closes it. */
export function openAnnouncer(settings: AnnouncerSettings, cluster: AnnouncedCluster, where: Where): Announcer {
  const site = describe(settings, cluster, where.here ? undefined : where.machine.name);
  switch (settings.kind) {
    case 'hosts-file':
      return new HostsFile(site, settings, cluster, placeOf(settings.file, where));
    case 'salt-pillar':
      return new SaltPillar(site, settings, cluster, placeOf(settings.file, where), where.machine);
    case 'haproxy': {
      const { stateFile } = settings;
      return new Haproxy(site, settings, cluster, stateFile === undefined ? undefined : placeOf(stateFile, where));
    }
    case 'webhook':
      return new Webhook(site, settings, cluster);
    case 'command':
      return new Command(site, settings, cluster, where.machine);
  }
}

/** As much of it as plans rest on. @param machine undefined: this one */
export function describe(
  settings: AnnouncerSettings,
  cluster: AnnouncedCluster,
  machine: string | undefined,
): SiteAnnouncer {
  const there = machine === undefined ? '' : ` on ${machine}`;
  const readers = readersOf(settings, cluster, there);
  const common = { name: settings.name, kind: settings.kind, ...(readers === undefined ? {} : { readers }) };
  switch (settings.kind) {
    case 'hosts-file':
      return { ...common, words: `${namesOf(settings, cluster).join(', ')} in ${settings.file}${there}`, holds: false, readsBack: true }; // prettier-ignore
    case 'salt-pillar':
      return { ...common, words: `${settings.key} in ${settings.file}${there}`, holds: false, readsBack: true };
    case 'haproxy':
      return {
        ...common,
        words: `the servers of the backend ${settings.backend} of HAProxy at ${apiWords(settings.api)}`,
        holds: settings.holdSeconds !== undefined,
        readsBack: true,
      };
    case 'webhook':
      return {
        ...common,
        words: 'what the receiver of its POST does',
        holds: settings.holdSeconds !== undefined,
        readsBack: settings.readUrl !== undefined,
      };
    case 'command':
      return {
        ...common,
        words: `what ${settings.argv.join(' ')} does${there}`,
        holds: settings.holdSeconds !== undefined,
        readsBack: settings.reads,
      };
  }
}

export function placeOf(file: string, { machine, here }: Where): Place {
  return here ? new LocalPlace(file) : new MachinePlace(machine, file);
}
