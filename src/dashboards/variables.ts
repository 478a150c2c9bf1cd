import {
  CustomVariableBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
  type VariableModel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { labelValues } from './query.js';
import { datasource } from './targets.js';

export type Variable = Builder<VariableModel>;

/** The variables of every board, under the same names, so that what is chosen goes along from board to board. */
export function commonVariables(): readonly Variable[] {
  return [
    new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'),
    choice('cluster', labelValues('mysql_cluster_servers', 'cluster'))
      .label('Cluster')
      .description('Clusters to show.'),
    choice('server', labelValues('mysql_server_role', 'server', 'cluster=~"$cluster"'))
      .label('Server')
      .description('Servers of these clusters to show.'),
    new TextBoxVariableBuilder('runbooks')
      .label('Runbooks')
      .description("Where the pages of Lockstep's docs/runbooks are served, with a slash at the end.")
      .defaultValue(runbooks)
      .current({ text: runbooks, value: runbooks, selected: true }),
  ];
}

/** As `lockstep alerts` has it for `runbook_base`; the provisioning in deploy/ says how to put an address there. */
const runbooks = 'docs/runbooks/';

/** Those of the chosen servers that replicate, to repeat a panel by. */
export function replicaVariable(): Variable {
  return choice('replica', labelValues('mysql_replica_configured', 'server', 'cluster=~"$cluster", server=~"$server"'))
    .label('Replica')
    .hide(VariableHide.HideVariable);
}

/** A limit in days to choose from. */
export function daysVariable(name: string, label: string, description: string, days: number): Variable {
  const offered = [...new Set([...offeredDays, days])].sort((left, right) => left - right).map(String);
  return new CustomVariableBuilder(name)
    .label(label)
    .description(description)
    .values(offered.join(','))
    .options(offered.map((text) => ({ text, value: text, selected: text === String(days) })))
    .current({ text: String(days), value: String(days), selected: true });
}

const offeredDays = [1, 3, 7, 14, 21, 30, 45, 60, 90, 180, 365];

function choice(name: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .datasource(datasource)
    .query({ query, qryType: 1, refId: `${name}-values` })
    .definition(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.NaturalAsc)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: ['All'], value: ['$__all'], selected: true });
}
