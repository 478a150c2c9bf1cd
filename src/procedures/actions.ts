import type { Column } from '../dialects/capabilities.js';
import { executedColumns, receivedColumns } from '../dialects/channels.js';
import { channelStatus, relayEvents } from '../dialects/replication-statements.js';
import type { LogColumns, ReceivedAction, SqlAction, Statement } from '../domain/action.js';
import type { ServerName } from '../domain/snapshot.js';

/** Statements on the session that carries changes, in one round trip. */
export function change(on: ServerName, ...statements: readonly Statement[]): SqlAction {
  return { kind: 'sql', on, session: 'control', statements };
}

/** How far a channel whose receiver is stopped has received, in whole transactions. */
export function received(on: ServerName, column: Column, channel: string, noteAs: LogColumns): ReceivedAction {
  const { file, position } = receivedColumns(column);
  return {
    kind: 'received',
    on,
    session: 'control',
    status: channelStatus(column, channel),
    columns: { received: { file, position }, executed: executedColumns(column) },
    events: relayEvents(column, channel),
    noteAs: { file: noteAs.file, position: noteAs.position },
  };
}
