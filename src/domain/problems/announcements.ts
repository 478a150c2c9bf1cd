import { readAnnouncers, readsFrom, wantedReaders, type ReadersSeen } from '../readers.js';
import type { Announcement, SiteAnnouncer } from '../announcement.js';
import type { Problem } from '../problems.js';
import type { ServerName } from '../snapshot.js';
import { found } from './check.js';

/** Names that are told only where announcers are read back. */
export const announcementProblemNames = ['announcement-differs', 'readers-differ'] as const;

/** What announcers told when they were last read back, and what they should tell. */
export interface AnnouncementSight {
  readonly announcers: readonly SiteAnnouncer[];
  readonly announcements: readonly Announcement[];
  readonly readSides: readonly ReadersSeen[];
  /** Servers that applications are not to read from. */
  readonly withdrawn: readonly ServerName[];
  /** As it is seen on the servers; undefined: none, or several could be it. */
  readonly primary: ServerName | undefined;
}

/** One announcer that was compared. */
export interface Compared {
  readonly announcer: string;
  readonly matches: boolean;
  /** What is wrong; undefined where it matches. */
  readonly problem: Problem | undefined;
}

/** Whether each names the primary. One that cannot be read is not known to match. Without a known primary there is nothing to compare with. */
export function comparedAnnouncements({ announcements, primary }: AnnouncementSight): readonly Compared[] {
  if (primary === undefined) return [];
  return announcements.map(({ announcer, says, failure, found: there }) => {
    if (failure === undefined && says === primary) return { announcer, matches: true, problem: undefined };
    const told = failure === undefined ? `${announcer} tells applications ${there ?? 'nothing'}, and the primary is ${primary}` : `what ${announcer} tells applications cannot be read: ${failure}`; // prettier-ignore
    return { announcer, matches: false, problem: found('announcement-differs', undefined, told) };
  });
}

/** Whether each lets applications read from all that are not withdrawn, and from nobody else. */
export function comparedReaders(sight: AnnouncementSight): readonly Compared[] {
  return readAnnouncers(sight.announcers).flatMap(({ name: announcer, readers }): readonly Compared[] => {
    const seen = sight.readSides.find((one) => one.announcer === announcer);
    const wanted = wantedReaders(readers, sight.withdrawn, sight.primary);
    // Who should stand in is not known without a primary.
    if (seen === undefined || (wanted.length === 0 && readers.fallback)) return [];
    if (readsFrom(seen, wanted)) return [{ announcer, matches: true, problem: undefined }];
    return [{ announcer, matches: false, problem: found('readers-differ', undefined, readersWords(seen, wanted, sight.withdrawn)) }]; // prettier-ignore
  });
}

function readersWords(
  { announcer, failure, readers, found: there = 'nobody' }: ReadersSeen,
  wanted: readonly ServerName[],
  withdrawn: readonly ServerName[],
): string {
  if (failure !== undefined) return `from whom ${announcer} lets applications read cannot be seen: ${failure}`;
  if (readers.length === 0) return `${announcer} lets applications read from nobody of the cluster (${there})`;
  const wrongly = readers.filter((server) => withdrawn.includes(server));
  if (wrongly.length > 0) return `${announcer} lets applications read from ${wrongly.join(' and ')}, withdrawn`;
  return `${announcer} lets applications read from ${readers.join(', ')} (${there}), and should from ${wanted.join(', ') || 'another server'}`;
}
