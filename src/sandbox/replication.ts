import { executedColumns, receivedColumns } from '../dialects/channels.js';
import type { Row } from '../dialects/question.js';
import type { SandboxServer } from './server.js';
import type { Coordinates } from './statements.js';
import { until } from './until.js';

/** One channel's own status, as far as the sandbox needs it: tests look with Lockstep's own eyes. */
export interface ChannelStatus {
  /** `Yes`, `No`, `Connecting` or `Preparing`. */
  readonly io: string;
  readonly sql: string;
  readonly error: string;
}

/** Undefined when there is no such channel. */
export async function channelStatus(replica: SandboxServer, channel = ''): Promise<ChannelStatus | undefined> {
  const rows = await replica.sql(replica.words.status);
  const row = rows.find((one) => (one['Channel_Name'] ?? one['Connection_name'] ?? '') === channel);
  return row === undefined ? undefined : statusOf(row);
}

/** Settles when both threads of the channel run. */
export async function untilReplicating(replica: SandboxServer, channel = '', within = 30_000): Promise<void> {
  let last: ChannelStatus | undefined;
  const runs = async () => {
    last = await channelStatus(replica, channel);
    return last?.io === 'Yes' && last.sql === 'Yes';
  };
  try {
    await until(`"${replica.name}" to replicate`, runs, { within, every: 25 });
  } catch (cause) {
    throw new Error(`"${replica.name}" does not replicate: ${JSON.stringify(last)}`, { cause });
  }
}

/** Settles when the replica has applied all that the source has written up to now. */
export async function untilCaughtUp(
  replica: SandboxServer,
  source: SandboxServer,
  { channel = '', seconds = 20 }: { readonly channel?: string; readonly seconds?: number } = {},
): Promise<void> {
  const words = replica.words;
  const gtid = (replica.options.mode ?? 'gtid') === 'gtid';
  const statement = gtid
    ? words.waitFor(((await source.sql(words.written))[0]?.['written'] ?? '').replaceAll('\n', ''), seconds)
    : words.waitForCoordinates(await coordinatesOf(source), seconds, channel);
  // The server gives up first, and the status says why.
  const result = (await replica.sql(statement, (seconds + 10) * 1000))[0]?.['result'];
  // The GTID functions answer 0, the coordinate ones the number of events waited for; -1, 1 or NULL is a failure.
  if (gtid ? result !== '0' : result === null || result === undefined || Number(result) < 0) {
    const status = JSON.stringify(await channelStatus(replica, channel));
    throw new Error(`"${replica.name}" did not catch up with "${source.name}" in ${seconds} s: ${status}`);
  }
}

/** How much of one log of its source the replica has received and not applied. */
export async function bytesToApply(replica: SandboxServer): Promise<number> {
  const [row = {}] = await replica.sql(replica.words.status);
  const [received, executed] = [receivedColumns(replica.column), executedColumns(replica.column)];
  return Number(row[received.position]) - Number(row[executed.position]);
}

/** Where the source's binary log ends. */
export async function coordinatesOf(source: SandboxServer): Promise<Coordinates> {
  const [row] = await source.sql(source.words.coordinates);
  return { file: row?.['File'] ?? '', position: Number(row?.['Position'] ?? 4) };
}

function statusOf(row: Row): ChannelStatus {
  return {
    io: row['Replica_IO_Running'] ?? row['Slave_IO_Running'] ?? '',
    sql: row['Replica_SQL_Running'] ?? row['Slave_SQL_Running'] ?? '',
    error: [row['Last_IO_Error'], row['Last_SQL_Error']].filter(Boolean).join('; '),
  };
}
