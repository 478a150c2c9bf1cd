import { LockstepError } from '../base/errors.js';
import type { Row } from '../dialects/question.js';
import type { LogColumns, ReceivedAction, Statement } from '../domain/action.js';
import { splitLogName } from '../domain/log-position.js';
import { readFurther, relayReadingFrom, type RelayEvent } from '../domain/relay-log.js';
import type { LogPosition } from '../domain/snapshot.js';
import type { Notes } from '../engine/procedure.js';
import { QueryError } from '../mysql/session.js';

/** Asks the server of the action. */
export type Ask = (statement: Statement, notes: Notes) => Promise<readonly Row[]>;

/** ER_ERROR_WHEN_EXECUTING_COMMAND: there is no such relay log. */
const noSuchLog = 1220;

/**
 * The end of the last whole transaction that was received: where the receiver stands, unless that is within one. The
 * relay log is always asked: a privilege that lacks shows on the first day, and not in the night that needs it.
 */
export async function received(action: ReceivedAction, ask: Ask): Promise<Notes> {
  const { status, columns, noteAs } = action;
  const [row] = await ask(status, {});
  if (row === undefined) throw new LockstepError('unexpected-answer', `${action.on} has no such channel any more`);
  const [read, executed] = [positionIn(row, columns.received), positionIn(row, columns.executed)];
  const { file, position } = await wholeOf(read, executed, row, action, ask);
  return { [noteAs.file]: file, [noteAs.position]: String(position) };
}

/** Reads on from where the applier stands. What was not read to its very end tells nothing, and counts as whole. */
async function wholeOf(
  read: LogPosition,
  executed: LogPosition,
  row: Row,
  { events }: ReceivedAction,
  ask: Ask,
): Promise<LogPosition> {
  const from = positionIn(row, { file: 'Relay_Log_File', position: 'Relay_Log_Pos' });
  const [series, first] = splitLogName(from.file);
  const digits = from.file.length - series.length - 1;
  let reading = relayReadingFrom(executed);
  for (let number = first; ; number += 1) {
    const file = `${series}.${String(number).padStart(digits, '0')}`;
    const start = number === first ? from.position : 4;
    let found = false;
    for await (const event of eventsIn(file, start, events, ask)) {
      found = true;
      reading = readFurther(reading, event, series);
    }
    if (!found) return reading.transaction === 'none' || reading.last !== read.position ? read : reading.whole;
  }
}

/** All events of a relay log from a place on, a page after the other; none where there is no such log. */
async function* eventsIn(file: string, start: number, events: Statement, ask: Ask): AsyncGenerator<RelayEvent> {
  for (let [place, known] = [start, 0]; ;) {
    const page = await ask(events, { 'relay-file': file, 'relay-position': String(place) }).catch((cause: unknown) => {
      if (cause instanceof QueryError && cause.errno === noSuchLog) return [];
      throw cause;
    });
    // A page begins with the event that the last one ended with.
    const fresh = page.slice(known);
    if (fresh.length === 0) return;
    yield* fresh.map(eventOf);
    [place, known] = [Number(fresh.at(-1)?.['Pos']), 1];
  }
}

function eventOf(row: Row): RelayEvent {
  return { type: row['Event_type'] ?? '', end: Number(row['End_log_pos']), info: row['Info'] ?? '' };
}

function positionIn(row: Row, { file, position }: LogColumns): LogPosition {
  return { file: row[file] ?? '', position: Number(row[position]) };
}
