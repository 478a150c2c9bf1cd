import { applicationSessions } from '../../dialects/application-sessions.js';
import { bypassingSessions, countBypassing, newestSession } from '../../dialects/bypassing-sessions.js';
import type { Column } from '../../dialects/capabilities.js';
import { applierAtWork, halfApplied, stillApplying } from '../../dialects/half-applied.js';
import type { Action, SessionName, Statement } from '../../domain/action.js';
import type { Site } from '../../domain/scene.js';
import type { ServerName } from '../../domain/snapshot.js';

/** What {@link endBypassing} leaves in the notes: how many sessions that may write have not been told to end. */
export const bypassersLeft = 'sessions-left';
const newest = 'newest-session';

/**
 * Ends the sessions of users who write to a read-only server, where the version has such. KILL is obeyed at once where
 * it counts: a session that was told to end writes nothing more, though it may take time to go.
 */
export function endBypassing(on: ServerName, ours: readonly string[], session: SessionName = 'control'): Action[] {
  const upTo = { note: newest, as: 'number' } as const;
  const count: Statement = { ...countBypassing(upTo, ours), expect: 0, notes: { sessions: bypassersLeft } };
  return [
    { kind: 'sql', on, session, statements: [newestSession(newest)] },
    {
      kind: 'kill',
      on,
      session,
      select: bypassingSessions(upTo, ours),
      whose: 'sessions of users who may write to a read-only server',
    },
    { kind: 'sql', on, session, statements: [count] },
  ];
}

/** Ends everybody's sessions but Lockstep's own and those of replicas. */
export function endApplications(on: ServerName, ours: readonly string[], session: SessionName = 'control'): Action {
  return {
    kind: 'kill',
    on,
    session,
    select: applicationSessions(ours),
    whose: 'sessions of applications and people',
    // MySQL lets nobody without SYSTEM_USER end the sessions of those who have it.
    leaves: 'denied',
  };
}

/**
 * Before an applier is stopped for good whose source died: it would wait a minute for the rest of what that was sending,
 * and does so where we may not end it.
 */
export function endHalfApplied(on: ServerName, column: Column, channel: string): Action[] {
  const [settles, select, gone] = [stillApplying(column, channel), halfApplied(column, channel), applierAtWork(column, channel)]; // prettier-ignore
  const whose = 'what waits for the rest of a transaction that was received by half';
  if (settles === undefined || select === undefined || gone === undefined) return [];
  return [{ kind: 'kill', on, session: 'control', settles, select, gone, whose, leaves: 'denied' }];
}

/** The users of Lockstep's own sessions. */
export function ownUsers({ accounts }: Site): readonly string[] {
  return [accounts.operate, accounts.monitor].filter((user) => user !== undefined);
}
