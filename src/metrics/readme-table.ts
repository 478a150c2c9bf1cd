import { type Metric, catalogue } from './catalogue.js';

/** The table of all metrics for the README, in markdown, without a trailing line feed. */
export function metricTable(): string {
  const rows = catalogue.map((metric: Metric) => [nameOf(metric), metric.type, labelsOf(metric), metric.help]);
  return table([['metric', 'type', 'labels', 'what it says'], ...rows]);
}

function nameOf({ name }: Metric): string {
  return `\`${name}\``;
}

/** The states of a state set stand with its label, when they are few enough to read. */
function labelsOf({ labels, states = [] }: Metric): string {
  return labels
    .map((label, index) =>
      states.length > 0 && index === labels.length - 1 && states.length <= 5
        ? `\`${label}\` (${states.join(', ')})`
        : `\`${label}\``,
    )
    .join(', ');
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
