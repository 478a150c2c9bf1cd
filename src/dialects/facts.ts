import type { ServerFacts } from '../domain/snapshot.js';
import { activityOf } from './activity.js';
import { accountsOf } from './accounts.js';
import { binlogOf } from './binlog.js';
import type { Column } from './capabilities.js';
import { channelsOf } from './channels.js';
import type { Detected } from './detect.js';
import { gtidOf } from './gtid.js';
import { heartbeatsOf } from './heartbeat.js';
import { identityOf } from './identity.js';
import { plaintextOf } from './plaintext.js';
import type { Answers } from './question.js';
import { semiSyncOf } from './semi-sync.js';
import { stateOf, type Timing } from './server-state.js';
import { streamsOf } from './streams.js';
import { tlsOf } from './tls.js';

/**
 * Answers in the one normal shape. A section whose questions were not all answered is undefined.
 * @param timing when the answers of this look were asked for and came, for the clock's offset
 * @throws LockstepError `unexpected-answer` when an answer lacks what every server of the column gives
 */
export function factsOf(column: Column, detected: Detected, answers: Answers, timing?: Timing): ServerFacts {
  return {
    identity: identityOf(detected, answers),
    state: stateOf(column, answers, timing),
    channels: channelsOf(column, answers),
    gtid: gtidOf(column, answers),
    tls: tlsOf(column, detected, answers),
    accounts: accountsOf(answers),
    plaintext: plaintextOf(answers),
    semiSync: semiSyncOf(column, answers),
    binlog: binlogOf(answers),
    streams: streamsOf(answers),
    heartbeats: heartbeatsOf(answers),
    activity: activityOf(answers),
  };
}
