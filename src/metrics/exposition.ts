import { type Metric, catalogue, findMetric } from './catalogue.js';
import { compatibilityCatalogue, findCompatibilityMetric } from './compatibility-catalogue.js';
import type { Family, Labels, Sample } from './families.js';

export type Format = 'text' | 'openmetrics';

export const contentTypes = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const satisfies Record<Format, string>;

/**
 * The families as Prometheus reads them: the text format 0.0.4 or OpenMetrics 1.0, in the order of the catalogue, then
 * of the labels, whatever order they come in. Families of one metric are joined.
 *
 * A state set is written as a gauge also in OpenMetrics: its own type demands a label named as the whole family, and a
 * query would then depend on the format that Prometheus happened to negotiate.
 *
 * @param refuse called for a series that nothing declares, whose labels are not the declared ones, or that came before;
 *   the series is left out when it returns. The default throws, a server that must answer counts and logs instead.
 */
export function render(families: Iterable<Family>, format: Format, refuse: (fault: string) => void = fail): string {
  let text = '';
  for (const piece of renderPieces(families, format, refuse)) text += piece;
  return text;
}

/** As {@link render}, metric by metric, for pages so long that others want a turn in between. */
export function* renderPieces(
  families: Iterable<Family>,
  format: Format,
  refuse: (fault: string) => void = fail,
): Generator<string> {
  for (const { metric, samples } of inOrder(families)) {
    if (!isDeclared(metric)) refuse(`the metric ${metric.name} is not in the catalogue`);
    else yield headerOf(metric, format) + seriesOf(metric, samples, format, refuse);
  }
  if (format === 'openmetrics') yield '# EOF\n';
}

const needsEscape = /[\\"\n]/;

/** A backslash, a double quote or a line feed would end the value, or the line. */
export function escapeLabel(value: string): string {
  return needsEscape.test(value)
    ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    : value;
}

function fail(fault: string): never {
  throw new TypeError(fault);
}

const position: ReadonlyMap<string, number> = new Map(
  [...catalogue, ...compatibilityCatalogue].map(({ name }, index) => [name, index]),
);

/** Joins the families of one metric; those that stand apart from the catalogue come last, as they came. */
function inOrder(families: Iterable<Family>): Family[] {
  const joined = new Map<string, { metric: Metric; samples: Sample[] }>();
  for (const { metric, samples } of families) {
    const found = joined.get(metric.name);
    if (found === undefined) joined.set(metric.name, { metric, samples: [...samples] });
    else for (const sample of samples) found.samples.push(sample);
  }
  const place = ({ metric }: Family) => position.get(metric.name) ?? position.size;
  return [...joined.values()].filter(({ samples }) => samples.length > 0).sort((a, b) => place(a) - place(b));
}

function isDeclared(metric: Metric): boolean {
  const declared = findMetric(metric.name) ?? findCompatibilityMetric(metric.name);
  return declared === undefined ? /^(?:process|nodejs)_/.test(metric.name) : declared === metric;
}

/** Most metrics have one series, or come in order: only the others are sorted, for this is what a scrape costs most. */
function seriesOf(metric: Metric, samples: readonly Sample[], format: Format, refuse: (fault: string) => void): string {
  // The parts of a histogram have an order of their own, in which they come.
  if (metric.type !== 'histogram') {
    const text = seriesInOrder(metric, samples, format);
    if (text !== undefined) return text;
  }
  const values = new Map<string, number>();
  for (const sample of samples) {
    const key = keyOf(metric, sample, format);
    if (key === undefined) refuse(labelFault(metric, sample));
    else if (values.has(key)) refuse(`the series ${key} comes twice`);
    else values.set(key, sample.value);
  }
  const keys = metric.type === 'histogram' ? values.keys() : [...values.keys()].sort();
  let text = '';
  for (const key of keys) text += `${key} ${numberText(values.get(key) ?? NaN)}\n`;
  return text;
}

/** undefined when a series is out of order, comes twice or has wrong labels. */
function seriesInOrder(metric: Metric, samples: readonly Sample[], format: Format): string | undefined {
  let text = '';
  let before = '';
  for (const sample of samples) {
    const key = keyOf(metric, sample, format);
    if (key === undefined || (before !== '' && key <= before)) return undefined;
    text += `${key} ${numberText(sample.value)}\n`;
    before = key;
  }
  return text;
}

const typeNames = {
  gauge: { text: 'gauge', openmetrics: 'gauge' },
  counter: { text: 'counter', openmetrics: 'counter' },
  histogram: { text: 'histogram', openmetrics: 'histogram' },
  info: { text: 'gauge', openmetrics: 'info' },
  stateset: { text: 'gauge', openmetrics: 'gauge' },
  untyped: { text: 'untyped', openmetrics: 'unknown' },
} as const satisfies Record<Metric['type'], Record<Format, string>>;

const headers = { text: new WeakMap<Metric, string>(), openmetrics: new WeakMap<Metric, string>() };

function headerOf(metric: Metric, format: Format): string {
  const known = headers[format].get(metric);
  if (known !== undefined) return known;
  const name = format === 'text' ? metric.name : familyName(metric);
  const unit = format === 'openmetrics' && metric.unit !== undefined && name.endsWith(`_${metric.unit}`);
  const header =
    `# HELP ${name} ${escapeHelp(metric.help, format)}\n# TYPE ${name} ${typeNames[metric.type][format]}\n` +
    (unit ? `# UNIT ${name} ${metric.unit}\n` : '');
  headers[format].set(metric, header);
  return header;
}

/** OpenMetrics names a family without the suffix that its samples carry. */
export function familyName({ name, type }: Metric): string {
  if (type === 'counter') return name.replace(/_total$/, '');
  return type === 'info' ? name.replace(/_info$/, '') : name;
}

function escapeHelp(help: string, format: Format): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped;
}

/** The name and labels of a series; undefined when the labels are not those of the metric. */
function keyOf(metric: Metric, { labels, part }: Sample, format: Format): string | undefined {
  let text = '';
  for (const label of metric.labels) {
    const value = labels[label];
    if (value === undefined) return undefined;
    text += `${text && ','}${label}="${escapeLabel(value)}"`;
  }
  let given = 0;
  for (const label in labels) if (Object.hasOwn(labels, label)) given += 1;
  if (given !== metric.labels.length + (part === 'bucket' ? 1 : 0)) return undefined;
  if (part === 'bucket') text += `${text && ','}le="${boundText(labels, format)}"`;
  return `${metric.name}${part === undefined ? '' : `_${part}`}${text && `{${text}}`}`;
}

/** OpenMetrics writes the bound of a bucket as a floating-point number, the text format need not. */
function boundText(labels: Labels, format: Format): string {
  const bound = labels['le'] ?? '+Inf';
  return format === 'openmetrics' && /^-?\d+$/.test(bound) ? `${bound}.0` : bound;
}

function labelFault(metric: Metric, { labels, part }: Sample): string {
  const given = Object.keys(labels).filter((label) => !(part === 'bucket' && label === 'le'));
  return `${metric.name} has the labels ${metric.labels.join(', ') || 'none'} and was given ${given.join(', ') || 'none'}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
