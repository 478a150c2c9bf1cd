import { objection, type Check } from './check.js';

/** What cannot be read back now will not be believed afterwards either. */
const readable: Check = ({ site, announcements = [] }) =>
  (site.announcers ?? [])
    .filter(({ readsBack }) => readsBack)
    .flatMap(({ name }) => announcements.filter(({ announcer }) => announcer === name))
    .filter(({ failure }) => failure !== undefined)
    .map(({ announcer, failure }) =>
      objection(
        'announcer-failing',
        `what ${announcer} tells the applications cannot be read: ${failure ?? ''}`,
        'Mend it first: docs/runbooks/AnnouncementDiffers.md.',
      ),
    );

const right: Check = ({ site, announcements = [], old }) =>
  (site.announcers ?? [])
    .filter(({ readsBack }) => readsBack)
    .flatMap(({ name }) => announcements.filter(({ announcer }) => announcer === name))
    .filter(({ failure, says }) => failure === undefined && says !== old.name)
    .map(({ announcer, found }) =>
      objection(
        'announcement-differs',
        `${announcer} names ${found === undefined ? 'nobody' : `"${found}"`} as the primary, and it is ${old.name}`,
        'Put it right first: docs/runbooks/AnnouncementDiffers.md.',
      ),
    );

export const announcerChecks: readonly Check[] = [readable, right];
