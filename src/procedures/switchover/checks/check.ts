import type { Refusal } from '../../../engine/procedure.js';
import type { Subject } from '../subject.js';

/** What stands against a change of the primary, each a closed reason: a metric label, and a row of the documentation. */
export const reasons = [
  'topology',
  'server-unseen',
  'not-primary',
  'two-primaries',
  'primary-closed',
  'primary-replicates',
  'not-a-replica',
  'two-channels',
  'candidate-writable',
  'replica-writable',
  'server-id-clash',
  'flavour-mixed',
  'not-replicating',
  'silent',
  'lagging',
  'delayed',
  'filtered',
  'errant-transactions',
  'domain-unlogged',
  'logs-purged',
  'no-binary-log',
  'version-newer',
  'durability-weaker',
  'boots-writable',
  'settings-unsaved',
  'connections',
  'semi-sync-missing',
  'semi-sync-differs',
  'semi-sync-alone',
  'plaintext-channel',
  'tls-off',
  'certificate',
  'certificate-name',
  'certificate-ends',
  'no-authority',
  'no-client-certificate',
  'verify-off',
  'no-account',
  'account-missing',
  'no-host',
  'announcer-failing',
  'announcement-differs',
] as const;
export type Reason = (typeof reasons)[number];

/** Why not, and what to do about it. */
export interface Objection extends Omit<Refusal, 'reason'> {
  readonly reason: Reason;
}

/** Pure; every objection that there is, none when all is well. What is not known is none, unless it says so. */
export type Check = (subject: Subject) => readonly Objection[];

export function objection(reason: Reason, why: string, remedy: string): Objection {
  return { reason, why, remedy };
}
