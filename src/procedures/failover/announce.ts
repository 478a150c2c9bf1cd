import type { Site } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';
import type { AnnounceAction } from '../../domain/action.js';
import type { Step } from '../../engine/procedure.js';
import { isOpen } from '../primary/promote.js';

/** Clients are kept waiting, where announcers can, for a time that ends by itself; whatever fails does not stop a failover. */
export function holdSteps(site: Site, primary: ServerName, candidate: ServerName): readonly Step[] {
  const names = (site.announcers ?? []).filter(({ holds }) => holds).map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    {
      id: 'hold',
      title: `Keep clients waiting (${names.join(', ')})`,
      plan: [announcing(site, 'hold', names, primary, 'held')],
      done: (seen) => seen.notes['held'] !== undefined || isOpen(seen, candidate),
      undo: {
        plan: [announcing(site, 'restore', names, primary)],
        done: ({ announcements }) =>
          (announcements ?? []).every(({ announcer, holding }) => !names.includes(announcer) || !holding),
      },
    },
  ];
}

/** Beyond the commit point: one that fails is told, and a problem until it is read back right; the promotion stands. */
export function announceSteps(site: Site, primary: ServerName): readonly Step[] {
  const names = (site.announcers ?? []).map(({ name }) => name);
  if (names.length === 0) return [];
  return [
    {
      id: 'announce',
      title: `Tell applications that ${primary} is the primary (${names.join(', ')})`,
      plan: [announcing(site, 'announce', names, primary, 'announced')],
      done: (seen) => seen.notes['announced'] !== undefined,
      within: 60,
    },
  ];
}

function announcing(
  site: Site,
  act: AnnounceAction['act'],
  announcers: readonly string[],
  primary: ServerName,
  noteAs?: string,
): AnnounceAction {
  const address = site.servers.find(({ name }) => name === primary)?.address ?? { host: primary, port: 3306 };
  return { kind: 'announce', act, announcers, primary, address, ...(noteAs === undefined ? {} : { noteAs }) };
}
