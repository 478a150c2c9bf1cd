import type { MetricName } from '../metrics/catalogue.js';

/** Pieces of summaries and descriptions, in the template language of Prometheus. */

/** `production/db2`. */
export const aServer = '{{ $labels.cluster }}/{{ $labels.server }}';
/** `production/db2`, or `production/db2 (channel audit)` where the channel has a name. */
export const aChannel = `${aServer}{{ with $labels.channel }} (channel {{ . }}){{ end }}`;
export const aCluster = '{{ $labels.cluster }}';
/** One that Prometheus scrapes. */
export const theLockstep = '{{ $labels.instance }} (job {{ $labels.job }})';

/** The value, as a duration, a size, a number. */
export const asDuration = '{{ $value | humanizeDuration }}';
export const asBytes = '{{ $value | humanize1024 }}B';
export const asNumber = '{{ $value }}';
/** A value that was extrapolated from samples, rounded. */
export const asCount = '{{ printf "%.0f" $value }}';

/** The label of the first series of this server whose value is 1; `otherwise` where there is none. */
export function labelOfServer(name: MetricName, label: string, otherwise: string): string {
  return answer(name, ['cluster', 'server'], ' == 1', `label "${label}"`, otherwise);
}

/** As {@link labelOfServer}, for the collector that the alert names. */
export function labelOfCollector(name: MetricName, label: string, otherwise: string): string {
  return answer(name, ['cluster', 'server', 'collector'], ' == 1', `label "${label}"`, otherwise);
}

/** The value of the first series of this server; `otherwise` where there is none. */
export function valueOfServer(name: MetricName, otherwise: string): string {
  return answer(name, ['cluster', 'server'], '', 'value', otherwise);
}

/** Asks Prometheus for a series with the same labels as the alert. They are safe names: nothing in them needs escaping. */
function answer(name: MetricName, by: readonly string[], holds: string, take: string, otherwise: string): string {
  const matchers = by.map((label) => `${label}='%s'`).join(',');
  const values = by.map((label) => `$labels.${label}`).join(' ');
  return `{{ with printf "${name}{${matchers}}${holds}" ${values} | query }}{{ . | first | ${take} }}{{ else }}${otherwise}{{ end }}`;
}
