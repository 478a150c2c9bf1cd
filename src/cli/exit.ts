import type { PlanView } from '../engine/automation.js';
import { waitingGuards, type GuardName, type RunView } from '../engine/run.js';

/** Exit codes, as users script against them. */
export const exitCodes = {
  succeeded: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  needsHuman: 4,
  waiting: 5,
} as const;

/** What a run came to, or where it stands. */
export function exitOfRun({ state, outcome }: Pick<RunView, 'state' | 'outcome'>): number {
  if (state === 'needs-human') return exitCodes.needsHuman;
  switch (outcome) {
    case undefined:
      return exitCodes.waiting;
    case 'succeeded':
    case 'planned':
      return exitCodes.succeeded;
    case 'refused':
    case 'expired':
      return exitCodes.refused;
    case 'failed':
    case 'rolled-back':
    case 'cancelled':
    case 'abandoned':
      return exitCodes.failed;
  }
}

/** A plan that would have to wait is a plan; one that would be refused is none. */
export function exitOfPlan({ digest, guards }: PlanView): number {
  const refused = digest === undefined || guards.some(({ guard }) => !passes(guard));
  return refused ? exitCodes.refused : exitCodes.succeeded;
}

/** What an error means for whoever scripts: the request was wrong, or it was refused, or it failed. */
export function exitOfError(code: string): number {
  if (usage.has(code)) return exitCodes.usage;
  return refused.has(code) ? exitCodes.refused : exitCodes.failed;
}

const usage: ReadonlySet<string> = new Set([
  'config-invalid',
  'unknown-cluster',
  'usage',
  'file-unreadable',
  'certificate-unreadable',
  'request-unreadable',
  'authority-unknown',
  'no-journal',
  'cluster-unknown',
  'server-unknown',
  'run-unknown',
  'procedure-unknown',
  'parameters-invalid',
  'body-invalid',
  'query-invalid',
]);
const refused: ReadonlySet<string> = new Set([
  'not-waiting-for-approval',
  'plan-changed',
  'second-person-needed',
  'run-ended',
  'past-commit-point',
  'not-needing-human',
  'forbidden',
  'unauthenticated',
  'journal-full',
]);

function passes(guard: GuardName): boolean {
  return (waitingGuards as readonly GuardName[]).includes(guard);
}
