import { type AnnotationQuery, AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { fact, ofLockstep } from './query.js';
import { datasource } from './targets.js';

/**
 * A mark where a server has another role than a minute before. Compared with an earlier moment, since `changes()` over
 * a minute misses a change that falls between two windows; a server that was not watched then is not marked.
 */
export function roleChanges(): AnnotationQuery {
  const role = (ago?: string) => fact('mysql_server_role', { keep: ['role'], ...(ago === undefined ? {} : { ago }) });
  return marks(
    'Role changes',
    'purple',
    `${role()} == 1 and ${role('1m')} == 0`,
    'Role changed',
    '{{cluster}} / {{server}} is {{role}} now',
    'cluster,server,role',
  );
}

/**
 * A mark where a run ended, at the next minute. The counters are compared with those of a minute before, or with
 * nothing where there was none, as long as Lockstep was scraped then.
 */
export function runEnds(): AnnotationQuery {
  const runs = (ago?: string) =>
    `sum by (cluster, procedure, outcome) (${ofLockstep('lockstep_runs_total', {
      keep: ['procedure', 'outcome', 'trigger'],
      ...(ago === undefined ? {} : { ago }),
    })})`;
  return marks(
    'Runs',
    'blue',
    `${runs()} - (${runs('1m')} or 0 * ${runs()}) > 0 and on () max(${ofLockstep('lockstep_build_info', { ago: '1m' })}) == 1`,
    'A procedure ran',
    '{{procedure}} on {{cluster}}: {{outcome}}',
    'cluster,procedure,outcome',
  );
}

function marks(name: string, colour: string, expr: string, title: string, text: string, tags: string): AnnotationQuery {
  const query = new AnnotationQueryBuilder()
    .name(name)
    .datasource(datasource)
    .enable(true)
    .hide(false)
    .iconColor(colour)
    .expr(expr)
    .step('60s')
    .titleFormat(title)
    .textFormat(text)
    .tagKeys(tags)
    .useValueForTime(false)
    .build();
  delete query.placement; // in sight, not in the menu of controls
  return query;
}
