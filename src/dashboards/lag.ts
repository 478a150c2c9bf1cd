import type { Piece } from './board.js';
import { lagInWords, lagSteps, neutral, noneIsBest } from './looks.js';
import { lagBeyondDelay } from './lag-query.js';
import { bars, lines } from './panels.js';
import { fact } from './query.js';

/** How far behind replicas are: now, over time, and whether the network or the applier is what is slow. */
export function lagPieces(): readonly Piece[] {
  const [received, applied] = [waiting('transport'), waiting('apply')];
  return [
    {
      panel: bars(
        {
          title: 'Lag now',
          description: `How far behind each channel is, by the heartbeat table where there is one, else as its server gives it, without the delay that it is configured to keep: ${lagInWords}. A channel whose lag is unknown is left out: its threads are in the panel of that name.`,
          nothing: 'No lag is known',
        },
        's',
        lagSteps,
        { name: channelName, expr: lagBeyondDelay() },
      ),
      width: 8,
      height: 8,
    },
    {
      panel: bars(
        {
          title: 'Transport: last heard of its source',
          description:
            'How long ago an event or a heartbeat last arrived on each channel. An idle source sends one each heartbeat period; a frozen source or a broken network lets this grow while the lag of the server stays 0.',
        },
        's',
        lagSteps,
        { name: channelName, expr: `time() - ${fact('mysql_replica_last_received_timestamp_seconds')}` },
      ),
      width: 8,
      height: 8,
    },
    {
      panel: bars(
        {
          title: 'Binary log files behind',
          description:
            'Files between the one that the source writes and the one that the channel applies: orange from the first. Within one file the two panels in bytes tell more.',
        },
        'none',
        noneIsBest,
        {
          name: channelName,
          expr: `clamp_min(${ofSource('mysql_binlog_current_log_number')} - ${joined} ${fact('mysql_replica_executed_log_number')}, 0)`,
        },
      ),
      width: 8,
      height: 8,
    },
    {
      panel: bars(
        {
          title: 'Transport: written, not yet received',
          description:
            'Bytes of the binary log that the source has and the channel has not read, known while both are in the same file. The two ends are asked moments apart, so a busy source always shows some.',
          nothing: 'In different files',
        },
        'bytes',
        neutral,
        { name: channelName, expr: received },
      ),
      width: 12,
      height: 8,
    },
    {
      panel: bars(
        {
          title: 'Apply: received, not yet applied',
          description:
            'Bytes of the binary log that the channel has read and not applied, known while both are in the same file. It grows when the applier is slow, delayed or stopped.',
          nothing: 'In different files',
        },
        'bytes',
        neutral,
        { name: channelName, expr: applied },
      ),
      width: 12,
      height: 8,
    },
    {
      panel: lines(
        {
          title: 'Lag of $replica',
          description: `Lag of each channel over time, without the delay that it is configured to keep: ${lagInWords}. A gap is a lag that was not known.`,
        },
        's',
        lagSteps,
        {
          name: '{{cluster}} / {{server}} {{channel}}',
          expr: lagBeyondDelay('$replica'),
        },
      )
        .repeat('replica')
        .repeatDirection('h')
        .maxPerRow(4),
      width: 24,
      height: 7,
    },
  ];
}

export const channelName = '{{cluster}} / {{server}} {{channel}}';

const joined = 'on (cluster, server, channel)';

type SourceMetric = 'mysql_binlog_current_log_number' | 'mysql_binlog_current_position_bytes';

/** A fact of the source of each channel, under the labels of the channel. */
function ofSource(name: SourceMetric): string {
  const link = fact('mysql_replica_link_info', { where: { source: { not: '' } }, keep: ['source'] });
  const there = fact(name, { servers: 'all' });
  const renamed = `max by (cluster, source) (label_replace(${there}, "source", "$1", "server", "(.*)"))`;
  return `max by (cluster, server, channel) (${link} * on (cluster, source) group_left () ${renamed})`;
}

function waiting(where: 'transport' | 'apply'): string {
  const read = fact('mysql_replica_read_position_bytes');
  const readFile = fact('mysql_replica_read_log_number');
  const [ahead, aheadFile, behind, behindFile] =
    where === 'transport'
      ? [ofSource('mysql_binlog_current_position_bytes'), ofSource('mysql_binlog_current_log_number'), read, readFile]
      : [read, readFile, fact('mysql_replica_executed_position_bytes'), fact('mysql_replica_executed_log_number')];
  return `clamp_min(${ahead} - ${behind}, 0) and ${joined} (${aheadFile} == ${behindFile})`;
}
