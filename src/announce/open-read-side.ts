import type { ServerName } from '../domain/snapshot.js';
import type { AnnouncedCluster } from './announcer.js';
import { CommandReaders } from './command-readers.js';
import { FileReaders, type Applying } from './file-readers.js';
import { HaproxyReaders } from './haproxy-readers.js';
import { placeOf, type AnnouncerSettings, type Where } from './open.js';
import { runTold } from './program.js';
import { hostsNames, pillarKeys, pillarListed } from './readers-form.js';
import { membersOf } from './readers-site.js';
import type { ReadSide } from './read-side.js';
import { SaltApi } from './salt-api.js';
import { WebhookReaders } from './webhook-readers.js';

/** The read side of an announcer; undefined: it has none. Connects to nothing yet. Whoever opens it closes it. */
export function openReadSide(
  settings: AnnouncerSettings,
  cluster: AnnouncedCluster,
  where: Where,
): ReadSide | undefined {
  const members = membersOf(settings, cluster);
  if (settings.readers === undefined || members.length === 0) return undefined;
  switch (settings.kind) {
    case 'hosts-file': {
      const form = hostsNames(only(members, settings.readers.names), { words: settings, cluster });
      return new FileReaders(form, cluster, placeOf(settings.file, where), undefined);
    }
    case 'salt-pillar': {
      const { key, keys = {} } = settings.readers;
      const cast = { words: settings, cluster };
      const form = key === undefined ? pillarKeys(only(members, keys), cast) : pillarListed(key, members, cast);
      return new FileReaders(form, cluster, placeOf(settings.file, where), applying(settings, cluster, where));
    }
    case 'haproxy': {
      const { backend, stateFile, drainSeconds, fallback } = settings.readers;
      const { api, servers } = settings;
      const own = { api, servers, backend, drainSeconds, fallback, members };
      return new HaproxyReaders(own, cluster, placeOf(stateFile, where));
    }
    case 'webhook':
      return new WebhookReaders(settings, cluster);
    case 'command':
      return new CommandReaders(settings, cluster, where.machine);
  }
}

/** What brings a changed pillar to the minions. */
function applying(
  { apply }: Extract<AnnouncerSettings, { kind: 'salt-pillar' }>,
  cluster: AnnouncedCluster,
  { machine }: Where,
): Applying | undefined {
  if (apply === undefined) return undefined;
  if (apply.kind === 'salt-api') {
    const api = new SaltApi(apply);
    return (_, signal) => api.apply(signal);
  }
  const remedy = 'The pillar is changed: run it by hand, or wait until the minions apply their states.';
  return async ({ act, server, fallback }, signal) => {
    await runTold(machine, apply.argv, { act, cluster, replica: server, fallback }, remedy, signal);
  };
}

function only(members: readonly ServerName[], names: Readonly<Record<ServerName, string>>) {
  return Object.fromEntries(members.map((name) => [name, names[name] ?? '']));
}
