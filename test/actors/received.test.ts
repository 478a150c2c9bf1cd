import { expect, it } from 'vitest';
import { received } from '../../src/actors/received.js';
import type { Row } from '../../src/dialects/question.js';
import { plainSql, type ReceivedAction, type Statement } from '../../src/domain/action.js';
import type { Notes } from '../../src/engine/procedure.js';
import { QueryError } from '../../src/mysql/session.js';

const action: ReceivedAction = {
  kind: 'received',
  on: 'db2',
  session: 'control',
  status: plainSql('STATUS'),
  columns: {
    received: { file: 'Read_File', position: 'Read_Pos' },
    executed: { file: 'Exec_File', position: 'Exec_Pos' },
  },
  events: plainSql('EVENTS'),
  noteAs: { file: 'file', position: 'position' },
};

/** Relay logs of transactions that take 10 bytes each of the source's log and of the relay log, four events each; a page has three events. */
function asked(files: Readonly<Record<string, readonly Row[]>>, read: number) {
  const status = { Read_File: 'bin.000001', Read_Pos: String(read), Exec_File: 'bin.000001', Exec_Pos: '100', Relay_Log_File: 'relay.000009', Relay_Log_Pos: '4' }; // prettier-ignore
  return (statement: Statement, notes: Notes): Promise<readonly Row[]> => {
    if (statement === action.status) return Promise.resolve([status]);
    const events = files[notes['relay-file'] ?? ''];
    if (events === undefined)
      return Promise.reject(
        new QueryError(1220, 'HY000', 'ER_ERROR_WHEN_EXECUTING_COMMAND', 'Could not find target log', 0),
      );
    const from = events.findIndex((event) => event['Pos'] === notes['relay-position']);
    return Promise.resolve(from === -1 ? [] : events.slice(from, from + 3));
  };
}

function transactions(count: number, from: number): Row[] {
  return Array.from({ length: count }, (_, index) => index).flatMap((index) =>
    (
      [
        ['Gtid', 2],
        ['Table_map', 4],
        ['Write_rows', 6],
        ['Xid', 10],
      ] as const
    ).map(([type, end], part) => ({
      Pos: String(4 + index * 10 + part * 2),
      Event_type: type,
      End_log_pos: String(from + index * 10 + end),
      Info: type === 'Gtid' ? 'BEGIN GTID 0-1-1' : '',
    })),
  );
}

it.each([
  ['all was applied', {}, 100, 100],
  ['whole transactions follow', { 'relay.000009': transactions(5, 100) }, 150, 150],
  ['half of one follows', { 'relay.000009': transactions(1, 100).slice(0, 3) }, 106, 100],
  ['the last one is half', { 'relay.000009': transactions(5, 100).slice(0, -1) }, 146, 140],
  ['the last one is half, in the next relay log', { 'relay.000009': transactions(2, 100), 'relay.000010': transactions(2, 120).slice(0, -2) }, 134, 130], // prettier-ignore
  ['not all of it can be read', { 'relay.000009': transactions(5, 100).slice(0, -1) }, 199, 199],
])('tells how far a receiver has come where %s', async (_, files, read, whole) => {
  expect(await received(action, asked(files, read))).toEqual({ file: 'bin.000001', position: String(whole) });
});
