import { lagOf } from '../lag.js';
import type { Channel, ChannelError } from '../snapshot.js';
import { spell } from '../spell.js';
import { channelText, found, ofEachChannel, ofEachRelation, type Check } from './check.js';

/** A thread that stands with an error. A stop by hand leaves errno 0 on both threads: that is `replication-stopped`. */
const failed = ofEachChannel((channel, relation) => {
  const [thread, error] = failure(channel) ?? [];
  if (error === undefined) return undefined;
  return found(
    'replication-failed',
    relation.server,
    `the ${thread ?? ''} thread of ${channelText(relation)} stopped with error ${errorText(error)}`,
    relation.channel,
  );
});

const stopped = ofEachChannel((channel, relation) => {
  const still = [...(channel.io === 'stopped' ? ['IO'] : []), ...(channel.sql === 'stopped' ? ['SQL'] : [])];
  if (still.length === 0 || failure(channel) !== undefined) return undefined;
  const threads = still.length === 2 ? 'both threads' : `the ${still.join('')} thread`;
  return found(
    'replication-stopped',
    relation.server,
    `${threads} of ${channelText(relation)} ${still.length === 2 ? 'are' : 'is'} stopped, without an error`,
    relation.channel,
  );
});

const connecting = ofEachChannel((channel, relation) => {
  if (channel.io !== 'connecting') return undefined;
  const { host, port } = channel.source;
  const why =
    channel.ioError === undefined || channel.ioError.errno === 0 ? '' : `: error ${errorText(channel.ioError)}`;
  return found(
    'replication-connecting',
    relation.server,
    `${channelText(relation)} has no connection to ${host}:${port}${why}`,
    relation.channel,
  );
});

/** The configured delay is meant, and does not count. */
const lagging = ofEachChannel((channel, relation, { thresholds }) => {
  const lag = lagOf(channel, relation);
  if (lag === undefined || lag - channel.delaySeconds <= thresholds.lag) return undefined;
  const meant = channel.delaySeconds === 0 ? '' : `, ${spell(channel.delaySeconds)} of it meant`;
  return found(
    'replication-lagging',
    relation.server,
    `${channelText(relation)} is ${spell(lag)} behind${meant}; the limit is ${spell(thresholds.lag)}`,
    relation.channel,
  );
});

/** Both threads say that they run, and still nobody can say how far behind. */
const lagUnknown = ofEachChannel((channel, relation) => {
  if (channel.io !== 'running' || channel.sql !== 'running' || lagOf(channel, relation) !== undefined) return undefined;
  const why =
    channel.silent === true
      ? `nothing arrived from ${channel.source.host}:${channel.source.port} for more than two heartbeat periods of ${channel.heartbeatPeriodSeconds ?? '?'} s`
      : 'the server gives no number';
  return found(
    'lag-unknown',
    relation.server,
    `the lag of ${channelText(relation)} is unknown: ${why}`,
    relation.channel,
  );
});

const errant = ofEachRelation(({ errantTransactions, errantSet, errantUnsettled }, { name, facts }) => {
  if (errantTransactions === undefined || errantTransactions === 0 || errantUnsettled) return undefined;
  const count = facts?.identity.flavour === 'mariadb' ? `at least ${errantTransactions}` : String(errantTransactions);
  const noun = errantTransactions === 1 ? 'transaction' : 'transactions';
  return found(
    'errant-transactions',
    name,
    `${name} has ${count} ${noun} that its source never had: ${short(errantSet)}`,
  );
});

export const replicationChecks: readonly Check[] = [failed, stopped, connecting, lagging, lagUnknown, errant];

function failure({ io, ioError, sql, sqlError }: Channel): [thread: string, error: ChannelError] | undefined {
  if (sql === 'stopped' && sqlError !== undefined && sqlError.errno !== 0) return ['SQL', sqlError];
  if (io === 'stopped' && ioError !== undefined && ioError.errno !== 0) return ['IO', ioError];
  return undefined;
}

function errorText({ errno, message }: ChannelError): string {
  return message === '' ? String(errno) : `${errno}: ${short(message)}`;
}

function short(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
