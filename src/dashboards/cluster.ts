import { board, type Board, type Piece } from './board.js';
import { channels } from './channels.js';
import { anyIsBad, errnos } from './errnos.js';
import { roleHistory } from './fleet.js';
import { channelName, lagPieces } from './lag.js';
import { noneIsGood, neutral } from './looks.js';
import { toRunbook, uids } from './links.js';
import { bars, timeline } from './panels.js';
import { fact, rate } from './query.js';
import { readOnly, semiSync, threads } from './states.js';
import { filled, table } from './table.js';
import { topology } from './topology.js';
import { replicaVariable } from './variables.js';

/** One cluster in depth: who follows whom, how far behind, why it stopped, and what a crash now would lose. */
export function cluster(): Board {
  return board({
    uid: uids.cluster,
    title: 'Lockstep / Cluster',
    description: 'One cluster in depth: topology, lag, errors, durability, and the encryption of its channels.',
    variables: [replicaVariable()],
    sections: [
      {
        title: 'Topology and roles',
        pieces: [
          { panel: topology(), width: 12, height: 12 },
          { panel: roleHistory(), width: 12, height: 6 },
          { panel: readOnlyHistory(), width: 12, height: 6, below: true },
        ],
      },
      { title: 'Lag: transport and apply', pieces: lagPieces() },
      { title: 'Transactions', pieces: transactions() },
      { title: 'Threads and errors', pieces: errors() },
      { title: 'Semi-synchronous replication', pieces: semiSyncPieces() },
      { title: 'Channels', pieces: [{ panel: channels(), width: 24, height: 9 }] },
    ],
  });
}

/** Less than any rate that a counter can show. */
const anyAtAll = 1e-9;

function readOnlyHistory() {
  return timeline(
    {
      title: 'Read-only states',
      description:
        'Whether each server accepts writes: writable on the primary alone. super_read_only stops privileged accounts too; where a server has no such level, read_only is the strictest.',
    },
    '{{cluster}} / {{server}}',
    readOnly(),
  );
}

function transactions(): readonly Piece[] {
  return [
    {
      panel: bars(
        {
          title: 'GTID gap',
          description:
            'Transactions that the source has and the channel has not applied. Absent without GTID, and while the source cannot be asked.',
          nothing: 'No gap is known',
        },
        'none',
        neutral,
        { name: channelName, expr: fact('mysql_replica_gtid_gap_transactions') },
      ),
      width: 12,
      height: 7,
    },
    {
      panel: bars(
        {
          title: 'Errant transactions',
          description:
            'Transactions that a replica has and its sources never had: red from the first, since it can no longer take their place without losing or spreading them. Replicas of which it cannot be told are left out.',
          nothing: 'Not known of any replica',
        },
        'none',
        noneIsGood,
        { name: '{{cluster}} / {{server}}', expr: fact('mysql_errant_transactions') },
      ),
      width: 12,
      height: 7,
    },
  ];
}

function errors(): readonly Piece[] {
  const errno = (thread: 'IO' | 'SQL', expr: string) => `label_replace(${expr}, "thread", "${thread}", "", "")`;
  const both = `${errno('IO', fact('mysql_replica_io_errno'))} or ${errno('SQL', fact('mysql_replica_sql_errno'))}`;
  const times = `${errno('IO', fact('mysql_replica_io_error_timestamp_seconds'))} or ${errno('SQL', fact('mysql_replica_sql_error_timestamp_seconds'))}`;
  const rowOf = (expr: string) => filled(expr, 'channel', 'default');
  return [
    {
      panel: timeline(
        {
          title: 'Threads',
          description: 'Whether each channel receives and applies. A stop without an error below was deliberate.',
        },
        channelName,
        threads(),
      ),
      width: 12,
      height: 7,
    },
    {
      panel: timeline(
        {
          title: 'Error numbers',
          description:
            'The last error of the receiving (IO) and the applying (SQL) thread of each channel, as the server numbers it.',
        },
        `${channelName} {{thread}}`,
        { expr: both, looks: errnos, steps: anyIsBad },
      ),
      width: 12,
      height: 7,
    },
    {
      panel: table(
        {
          title: 'Errors now',
          description: 'Threads that stand with an error, its number, and since when where the server says.',
          nothing: 'No errors',
        },
        [
          { label: 'cluster', title: 'Cluster' },
          { label: 'server', title: 'Server' },
          { label: 'channel', title: 'Channel' },
          { label: 'thread', title: 'Thread' },
        ],
        [
          {
            title: 'Error',
            expr: rowOf(`(${both}) > 0`),
            looks: errnos,
            steps: anyIsBad,
            link: toRunbook('ReplicationStopped'),
          },
          { title: 'Since', expr: rowOf(`1000 * (${times})`), unit: 'dateTimeAsIso' },
        ],
        [{ by: 'Since', descending: true }],
      ),
      width: 24,
      height: 6,
    },
  ];
}

function semiSyncPieces(): readonly Piece[] {
  return [
    {
      panel: timeline(
        {
          title: 'What a commit waits for',
          description:
            'Whether commits on each server wait until a replica has them. Degraded: they are set to wait and do not, so that a crash of the source now loses what clients saw committed.',
        },
        '{{cluster}} / {{server}}',
        semiSync(),
      ),
      width: 12,
      height: 7,
    },
    {
      panel: bars(
        {
          title: 'Commits without acknowledgement',
          description:
            'Commits per second that returned without any replica having acknowledged them, over the last minutes: red from the first where commits are set to wait.',
          nothing: 'No server is set to wait',
        },
        'cps',
        ['green', [anyAtAll, 'red']],
        {
          name: '{{cluster}} / {{server}}',
          expr: `${rate('mysql_semi_sync_unprotected_transactions_total')} and ${fact('mysql_semi_sync_source_enabled')} == 1`,
        },
      ),
      width: 6,
      height: 7,
    },
    {
      panel: bars(
        {
          title: 'Replicas that acknowledge',
          description:
            'Semi-synchronous replicas connected to each server that waits for them: red when there are none.',
          nothing: 'No server is set to wait',
        },
        'none',
        ['red', [1, 'green']],
        {
          name: '{{cluster}} / {{server}}',
          expr: `${fact('mysql_semi_sync_source_clients')} and ${fact('mysql_semi_sync_source_enabled')} == 1`,
        },
      ),
      width: 6,
      height: 7,
    },
  ];
}
