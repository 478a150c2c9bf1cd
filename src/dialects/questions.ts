import { activityQuestions } from './activity.js';
import { accountQuestions } from './accounts.js';
import { binlogQuestions } from './binlog.js';
import type { Column } from './capabilities.js';
import { channelQuestions } from './channels.js';
import type { Detected } from './detect.js';
import { gtidQuestion } from './gtid.js';
import { heartbeatQuestions } from './heartbeat.js';
import { identityQuestion } from './identity.js';
import { plaintextQuestions } from './plaintext.js';
import type { Answers, Question, QuestionOptions } from './question.js';
import { semiSyncQuestions } from './semi-sync.js';
import { stateQuestions } from './server-state.js';
import { streamQuestions } from './streams.js';
import { tlsQuestions } from './tls.js';

/**
 * What to ask a server. `state` comes first, for it reads the clock and the round trip begins with it. Some questions
 * stand only once the slow answers so far call for them: the heartbeat table when it was seen, the list of binary
 * logs when there are any, the counters of semi-synchronous replication when it is loaded.
 * @param answers the answers of this session so far, at least the slow ones
 * @throws LockstepError `bad-identifier` for a heartbeat table whose name MySQL would not accept
 */
export function questionsFor(
  column: Column,
  detected: Pick<Detected, 'performanceSchema'>,
  options: QuestionOptions = {},
  answers: Answers = {},
): readonly Question[] {
  return [
    ...stateQuestions(column),
    identityQuestion,
    ...channelQuestions(column),
    gtidQuestion(column),
    ...binlogQuestions(column, answers),
    ...semiSyncQuestions(column, answers),
    ...heartbeatQuestions(options.heartbeatTable, answers),
    ...tlsQuestions(column, detected),
    ...accountQuestions(column, detected),
    ...plaintextQuestions(column, detected),
    ...streamQuestions(column, detected, options),
    ...activityQuestions(column, options),
  ];
}
