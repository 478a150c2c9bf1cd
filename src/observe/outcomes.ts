import { messageOf } from '../base/errors.js';
import type { Question } from '../dialects/question.js';
import type { CollectorName, CollectorOutcome, Failure, Login } from '../domain/snapshot.js';
import type { QueryError } from '../mysql/session.js';
import type { Asked } from './asked.js';
import type { FromFiles } from './certificates.js';

/** ER_DBACCESS_DENIED, ER_ACCESS_DENIED, ER_TABLEACCESS_DENIED, ER_COLUMNACCESS_DENIED, ER_SPECIFIC_ACCESS_DENIED, ER_PROCACCESS_DENIED. */
const privilegeErrors = new Set([1044, 1045, 1142, 1143, 1227, 1370]);

/**
 * How each collector fared in a look that reached the server. Collectors share one round trip, so they share its
 * duration as well.
 * @param grant the GRANT statements that a question needs
 * @param leftOut those that were not asked, because an earlier question of theirs still hangs
 */
export function outcomesOf(
  collectors: ReadonlySet<CollectorName>,
  asked: Asked,
  grant: (question: Question) => readonly string[],
  login: Login | undefined,
  files: FromFiles | undefined,
  leftOut: ReadonlySet<CollectorName>,
): CollectorOutcome[] {
  const durationSeconds = (asked.receivedAt - asked.sentAt) / 1000;
  return [...collectors].map((collector) => {
    const ok: CollectorOutcome = {
      collector,
      success: true,
      durationSeconds,
      reason: undefined,
      message: undefined,
      remedy: undefined,
    };
    if (collector === 'certificates') return certificateOutcome(ok, login, files);
    if (leftOut.has(collector))
      return { ...ok, success: false, reason: 'timeout', message: 'an earlier statement of this collector still hangs on the server: do its commits wait for replicas?' }; // prettier-ignore
    const failed = [...asked.failures].filter(([question]) => question.collector === collector);
    return refused(ok, failed, grant);
  });
}

/** How each collector fared in a look that did not reach the server. */
export function failedOutcomes(
  collectors: ReadonlySet<CollectorName>,
  failure: Failure,
  durationSeconds: number,
): CollectorOutcome[] {
  const reason = failure.reason === 'timeout' ? 'timeout' : 'down';
  return [...collectors].map((collector) => ({
    collector,
    success: false,
    durationSeconds,
    reason,
    message: failure.message,
    remedy: undefined,
  }));
}

/** The first failure gives reason and message; the remedy is for all of them, so that nobody has to come back for more. */
function refused(
  outcome: CollectorOutcome,
  failed: readonly (readonly [Question, QueryError])[],
  grant: (question: Question) => readonly string[],
): CollectorOutcome {
  const [first] = failed;
  if (first === undefined) return outcome;
  const [, error] = first;
  const grants = new Set(
    failed.flatMap(([question, { errno }]) => (privilegeErrors.has(errno) ? grant(question) : [])),
  );
  return {
    ...outcome,
    success: false,
    reason: privilegeErrors.has(error.errno) ? 'privilege' : 'other',
    message: error.message,
    remedy: grants.size === 0 ? undefined : [...grants].join('; '),
  };
}

/** The handshake and the files: what a fresh login met, and whether every file that the server names could be read. */
function certificateOutcome(
  outcome: CollectorOutcome,
  login: Login | undefined,
  files: FromFiles | undefined,
): CollectorOutcome {
  if (login?.failure !== undefined)
    return { ...outcome, success: false, reason: 'down', message: login.failure.message };
  const [unread] = files?.failures ?? [];
  if (unread === undefined) return outcome;
  return {
    ...outcome,
    success: false,
    reason: 'other',
    message: `cannot read ${unread.path}: ${messageOf(unread.error)}`,
  };
}
