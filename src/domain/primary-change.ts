import type { LogPosition, ServerName } from './snapshot.js';

/** What a run of Lockstep made the primary, and when that was seen. */
export interface PrimaryChange {
  readonly primary: ServerName;
  /** Who was it before; undefined where it was opened again. */
  readonly former: ServerName | undefined;
  /** Where the former one's log had come to, as the new primary applied it, by file and position; undefined where that was not learned. */
  readonly formerEnd: LogPosition | undefined;
  /** Where the new primary's own log ended before its first write, alike. */
  readonly opened: LogPosition | undefined;
  /** Whether its replicas went by GTID then; undefined where it was opened again. */
  readonly byGtid: boolean | undefined;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Notes of every run that makes a server the primary, and of no other: the journal knows the change by them. */
export const changeNotes = {
  primary: 'promoted',
  former: 'former',
  formerFile: 'former-file',
  formerPosition: 'former-position',
  openedFile: 'opened-file',
  openedPosition: 'opened-position',
  mode: 'promoted-by',
} as const;

/** What a run that has made a server the primary noted of it; undefined for any other. */
export function changeIn(notes: Readonly<Record<string, string>>, at: number): PrimaryChange | undefined {
  const primary = notes[changeNotes.primary];
  if (primary === undefined) return undefined;
  const mode = notes[changeNotes.mode];
  return {
    primary,
    former: notes[changeNotes.former],
    formerEnd: position(notes[changeNotes.formerFile], notes[changeNotes.formerPosition]),
    opened: position(notes[changeNotes.openedFile], notes[changeNotes.openedPosition]),
    byGtid: mode === undefined ? undefined : mode === 'gtid',
    at,
  };
}

function position(file: string | undefined, at: string | undefined): LogPosition | undefined {
  return file === undefined || at === undefined ? undefined : { file, position: Number(at) };
}
