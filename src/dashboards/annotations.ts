import { type AnnotationQuery, AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { fact } from './query.js';
import { datasource } from './targets.js';

/**
 * A mark where a server has another role than a minute before. Compared with an earlier moment, since `changes()` over
 * a minute misses a change that falls between two windows; a server that was not watched then is not marked.
 */
export function roleChanges(): AnnotationQuery {
  const role = (ago?: string) => fact('mysql_server_role', { keep: ['role'], ...(ago === undefined ? {} : { ago }) });
  const query = new AnnotationQueryBuilder()
    .name('Role changes')
    .datasource(datasource)
    .enable(true)
    .hide(false)
    .iconColor('purple')
    .expr(`${role()} == 1 and ${role('1m')} == 0`)
    .step('60s')
    .titleFormat('Role changed')
    .textFormat('{{cluster}} / {{server}} is {{role}} now')
    .tagKeys('cluster,server,role')
    .useValueForTime(false)
    .build();
  delete query.placement; // in sight, not in the menu of controls
  return query;
}
