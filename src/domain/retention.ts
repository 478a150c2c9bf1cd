import { containsGtidSet, unionGtidSets, parseGtidSet, type GtidSet } from './gtid-mysql.js';
import { splitLogName } from './log-position.js';
import type { Members } from './members.js';
import type { BinlogFacts, Channel } from './snapshot.js';
import type { Link } from './topology.js';

/**
 * Whether the source still has the binary log that this channel reads next. A stream that runs proves it. Otherwise
 * MySQL with auto-positioning: the source has purged nothing that the replica lacks. Everything else: by the name of the file that was read
 * last, against the source's list, which may be older than the channel's status by a minute. With GTID a name of another
 * series (after a change of source) tells nothing.
 */
export function sourceLogAvailable(link: Link, channel: Channel, members: Members): boolean | undefined {
  const binlog = members.server(link.source)?.facts?.binlog;
  const source = members.gtids(link.source);
  const replica = members.gtids(link.replica);
  if (channel.gtid.mode === 'auto') {
    if (source?.kind !== 'mysql' || replica?.kind !== 'mysql') return undefined;
    const held = unionGtidSets(replica.executed, received(channel));
    return channel.io === 'running' || containsGtidSet(held, source.purged);
  }
  return binlog === undefined ? undefined : fileAvailable(binlog, channel);
}

/**
 * Seconds until the source may purge what this channel has yet to read, never negative; undefined when logs are kept
 * for ever or it cannot be known. A file is purged at the earliest when its retention has passed since it was closed, so a channel that
 * reads the newest file has all of it. An older file: less the age of what it reads, at most the replica's lag while it applies.
 * A channel that does not run: less the time since something last arrived.
 */
export function retentionHeadroom(link: Link, channel: Channel, members: Members): number | undefined {
  const binlog = members.server(link.source)?.facts?.binlog;
  const replica = members.server(link.replica);
  if (!binlog?.enabled || binlog.retentionSeconds === 0 || replica === undefined) return undefined;
  const age = unreadAge(binlog, channel, replica.at);
  return age === undefined ? undefined : Math.max(0, binlog.retentionSeconds - age);
}

/** Seconds; `at` in milliseconds. */
function unreadAge(binlog: BinlogFacts, channel: Channel, at: number): number | undefined {
  if (binlog.current?.file === channel.read.file) return 0;
  if (channel.io === 'running') return channel.sql === 'running' ? channel.lagSeconds : undefined;
  return channel.receivedAt === undefined ? undefined : Math.max(0, (at - channel.receivedAt) / 1000);
}

function fileAvailable(binlog: BinlogFacts, channel: Channel): boolean | undefined {
  const { files, current } = binlog;
  const [oldest] = files ?? [];
  if (files === undefined || oldest === undefined) return undefined;
  const wanted = channel.read.file;
  if (channel.io === 'running' || wanted === current?.file || files.some(({ name }) => name === wanted)) return true;
  if (wanted === '') return undefined;
  const [series, number] = splitLogName(wanted);
  const [oldestSeries, oldestNumber] = splitLogName(oldest.name);
  if (series === oldestSeries && number < oldestNumber) return false;
  // Newer than the list, which is older than the position: begun and left since the list was read.
  const [newestSeries, newestNumber] = splitLogName(files.at(-1)?.name ?? '');
  const [currentSeries, currentNumber] = splitLogName(current?.file ?? '');
  if (series === newestSeries && series === currentSeries && number > newestNumber && number < currentNumber)
    return true;
  return channel.gtid.mode === 'off' ? false : undefined;
}

function received(channel: Channel): GtidSet {
  try {
    return parseGtidSet(channel.gtid.received ?? '');
  } catch {
    // A notation newer than this: what was applied decides alone.
    return new Map();
  }
}
