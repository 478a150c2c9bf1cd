import type { Registry } from 'prom-client';
import { type Metric, type MetricType, findMetric } from './catalogue.js';
import type { Family, Sample } from './families.js';

type Read = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number];
/** What the JSON holds besides what its types tell: the parts of a histogram carry their names. */
type Value = Read['values'][number] & { readonly metricName?: string };

/**
 * What a prom-client registry holds, as families. What the catalogue declares takes its type from there, since
 * prom-client has no info metrics; the rest is what prom-client says of the process.
 *
 * Gauges named `_total` (nodejs_active_handles_total and its like) are left out: the name is a counter's, promtool
 * says so, and each is the sum of a family that is there.
 */
export function familiesOf(read: readonly Read[]): readonly Family[] {
  return read
    .filter(({ name, type }) => !(name.endsWith('_total') && typeOf(type) !== 'counter'))
    .map((found) => ({
      metric: findMetric(found.name) ?? described(found),
      samples: found.values.map((value) => sampleOf(found.name, value)),
    }));
}

function described({ name, help, type, values }: Read): Metric {
  const labels = new Set(values.flatMap((value) => Object.keys(value.labels)));
  labels.delete('le');
  const unit = name.endsWith('_seconds') || name.endsWith('_seconds_total') ? 'seconds' : 'bytes';
  const known = unit === 'seconds' || name.endsWith('_bytes');
  return { name, help, type: typeOf(type), labels: [...labels], scope: 'own', ...(known ? { unit } : {}) };
}

/** The types say an enumeration, the values are words. */
function typeOf(type: Read['type']): MetricType {
  const word = String(type);
  return word === 'counter' || word === 'histogram' ? word : 'gauge';
}

function sampleOf(name: string, { labels, value, metricName }: Value): Sample {
  const texts: Record<string, string> = {};
  for (const [label, text] of Object.entries(labels)) texts[label] = String(text);
  const part = metricName?.slice(name.length + 1);
  return part === 'bucket' || part === 'sum' || part === 'count'
    ? { labels: texts, value, part }
    : { labels: texts, value };
}
