import type { Refusal } from '../engine/procedure.js';
import { knownError, type ErrorKind } from '../domain/replication-errors.js';
import type { ChannelError, Flavour } from '../domain/snapshot.js';
import { errorWords, type Standing } from './standing.js';

/** Errors that starting the thread again does not mend, each with what does. Nothing is ever skipped. */
export function standingRefusals(standing: readonly Standing[], channel: string): readonly Refusal[] {
  return standing.flatMap(({ thread, error, known }) => {
    if (error === undefined || known?.kind === 'network' || known?.kind === 'passes') return [];
    const why = `the ${thread} thread of ${channel} stopped with ${errorWords(error, known)}`;
    return [{ ...answers[known?.kind ?? 'unknown'], why }];
  });
}

/** A thread that is connecting runs already, and tries again by itself: START would do nothing. */
export function connectingRefusal(error: ChannelError, flavour: Flavour, channel: string, source: string): Refusal {
  const known = knownError(flavour, error.errno);
  const why = `${channel} has no connection to ${source}: ${errorWords(error, known)}`;
  if (known?.kind === 'network' || known?.kind === 'passes') return { ...unreachable, why };
  return { ...answers[known?.kind ?? 'unknown'], why };
}

type Answer = Pick<Refusal, 'reason' | 'remedy'>;

const unreachable: Answer = {
  reason: 'source-unreachable',
  remedy:
    'Its IO thread runs and tries again by itself, so starting it would do nothing. Look at the source and at the way to it: docs/runbooks/ReplicationConnecting.md.',
};

const answers: Readonly<Record<Exclude<ErrorKind, 'network' | 'passes'> | 'unknown', Answer>> = {
  access: {
    reason: 'access-denied',
    remedy:
      'Put the replication account on the source, or the channel’s user, password and certificate, right: docs/runbooks/ReplicationConnecting.md. `lockstep grants` prints what the account needs.',
  },
  tls: {
    reason: 'tls-failed',
    remedy:
      'Compare the certificates of both sides, their authorities, dates and names: docs/runbooks/ReplicationConnecting.md. Files are read again at every try.',
  },
  settings: {
    reason: 'wrong-settings',
    remedy:
      'Change the setting that the message names, and start the thread by hand; equal server ids: docs/runbooks/ServerIdClash.md. Where the histories do not go together, the replica must be rebuilt: rebuild-replica.',
  },
  place: {
    reason: 'place-lost',
    remedy: 'The replica must be rebuilt: rebuild-replica, by hand docs/runbooks/SourceLogPurged.md.',
  },
  'relay-log': {
    reason: 'relay-log-unreadable',
    remedy:
      'With GTID it can be fetched again: docs/runbooks/ReplicationStopped.md. Else the replica must be rebuilt: rebuild-replica.',
  },
  data: {
    reason: 'data-error',
    remedy:
      'Nothing is skipped: it would be lost. Find out what differs (docs/runbooks/ReplicationStopped.md); if it is more than a row, the replica must be rebuilt: rebuild-replica.',
  },
  unknown: {
    reason: 'unknown-error',
    remedy: 'Lockstep does not know this number, and does not guess. Mend its cause and start the thread by hand.',
  },
};
