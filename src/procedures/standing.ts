import type { Column } from '../dialects/capabilities.js';
import { knownError, type KnownError } from '../domain/replication-errors.js';
import type { Channel, ChannelError } from '../domain/snapshot.js';

/** A thread of a channel that stands. */
export interface Standing {
  readonly thread: 'IO' | 'SQL';
  /** undefined: it stands without an error. */
  readonly error: ChannelError | undefined;
  /** undefined where there is no error, or one that nobody has judged. */
  readonly known: KnownError | undefined;
  /** Somebody stopped it, or may have. */
  readonly byHand: boolean;
}

/** The threads that stand; one that is connecting runs. */
export function standingOf(column: Column, channel: Channel): readonly Standing[] {
  return [
    ...(channel.io === 'stopped' ? [standing(column, 'IO', channel.ioError)] : []),
    ...(channel.sql === 'stopped' ? [standing(column, 'SQL', channel.sqlError)] : []),
  ];
}

/** Number, what it means, and what the server said: `1062 (a row is there already): Duplicate entry …`. */
export function errorWords({ errno, message }: ChannelError, known: KnownError | undefined): string {
  const meaning = known === undefined ? '' : ` (${known.meaning})`;
  const said = message === '' ? '' : `: ${message.length > 300 ? `${message.slice(0, 300)}…` : message}`;
  return `error ${errno}${meaning}${said}`;
}

function standing(column: Column, thread: Standing['thread'], found: ChannelError | undefined): Standing {
  const error = found?.errno === 0 ? undefined : found;
  const known = error && knownError(column.flavour, error.errno);
  // STOP keeps the number of what the thread was trying again at that moment.
  const tried = thread === 'IO' && known?.kind === 'network' && !column.givesUpConnecting;
  return { thread, error, known, byHand: error === undefined || tried };
}
