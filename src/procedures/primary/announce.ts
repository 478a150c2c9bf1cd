import type { AnnounceAction } from '../../domain/action.js';
import type { AnnouncedServer } from '../../domain/announcement.js';
import type { Site } from '../../domain/scene.js';
import { pauseNotes } from '../../domain/write-pause.js';
import type { Step } from '../../engine/procedure.js';

/** Through every announcer of the site at once, for `hold` those that can; none where there is none. */
export function announcing(
  { announcers = [] }: Site,
  act: AnnounceAction['act'],
  { name, address }: AnnouncedServer,
  how: Pick<AnnounceAction, 'noteAs' | 'mayFail'> = {},
): readonly AnnounceAction[] {
  const named = announcers.filter(({ holds }) => act !== 'hold' || holds).map((announcer) => announcer.name);
  return named.length === 0 ? [] : [{ kind: 'announce', act, announcers: named, primary: name, address, ...how }];
}

/** Beyond the commit point: one that fails is said, tried again by {@link announced}, and holds up nobody. */
export function announce(site: Site, primary: AnnouncedServer, section?: string): readonly Step[] {
  const plan = announcing(site, 'announce', primary, { noteAs: 'announced', mayFail: true });
  if (plan.length === 0) return [];
  return [
    {
      id: 'announce',
      ...(section === undefined ? {} : { section }),
      title: `Tell the applications that ${primary.name} is the primary`,
      plan,
      done: ({ notes }) => notes['announced'] !== undefined,
      moments: { ended: pauseNotes.announced },
    },
  ];
}

/** Last of all: read back where that can be done, and not believed. */
export function announced(site: Site, primary: AnnouncedServer): readonly Step[] {
  const plan = announcing(site, 'announce', primary, { noteAs: 'told' });
  if (plan.length === 0) return [];
  const readable = (site.announcers ?? []).filter(({ readsBack }) => readsBack).map(({ name }) => name);
  const unread = readable.length < (site.announcers ?? []).length;
  return [
    {
      id: 'announced',
      title: `See that applications are told of ${primary.name}`,
      plan,
      done: ({ announcements = [], notes }) =>
        (!unread || notes['announced'] === '' || notes['told'] === '') &&
        readable.every((name) => announcements.find(({ announcer }) => announcer === name)?.says === primary.name),
      moments: { ended: pauseNotes.told },
      within: 60,
      attempts: 4,
    },
  ];
}
