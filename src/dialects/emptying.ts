import { plainSql, type Statement } from '../domain/action.js';
import type { Column } from './capabilities.js';
import { resetReplica, stopReplica } from './replication-statements.js';

/** Channels that it has are stopped and forgotten, with what they had received. */
export function forgetting(column: Column, channels: readonly string[]): readonly Statement[] {
  return channels.flatMap((name) => [stopReplica(column, name), resetReplica(column, name)]);
}

/**
 * Binary logs and GTID positions begin anew: whatever becomes of an emptied server, nobody takes it for one that stands
 * somewhere.
 * @param binlog whether it writes a binary log
 */
export function withoutHistory(column: Column, binlog: boolean): readonly Statement[] {
  if (column.flavour === 'mysql') return [plainSql(resetLogs(column))];
  return [...(binlog ? [plainSql(resetLogs(column))] : []), plainSql("SET GLOBAL gtid_slave_pos = ''")];
}

/** The level of read_only that also binds the account that empties it, off; applications stay shut out. */
export function lettingIn({ readOnly }: Column): readonly Statement[] {
  switch (readOnly) {
    case 'switch':
      return [];
    case 'super':
      return [plainSql('SET GLOBAL super_read_only = OFF')];
    case 'levels':
      return [plainSql('SET GLOBAL read_only = ON')];
  }
}

export function resetLogs({ name }: Column): string {
  return ['mysql-8.4', 'mysql-9'].includes(name) ? 'RESET BINARY LOGS AND GTIDS' : 'RESET MASTER';
}
