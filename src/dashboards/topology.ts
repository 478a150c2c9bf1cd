import { EdgeOptionsBuilder, NodeOptionsBuilder, PanelBuilder } from '@grafana/grafana-foundation-sdk/nodegraph';
import { defaultThresholds } from '../domain/problems.js';
import { captioned } from './panels.js';
import { fact } from './query.js';
import { lagBeyondDelay } from './lag-query.js';
import { datasource, rows } from './targets.js';

/*
 * Grafana's node graph reads its nodes and edges from fields named id, title, subtitle, mainstat, secondarystat,
 * color, source and target. All but the lag are labels that the queries make. It fails on an edge whose source is no
 * node: all servers of the chosen clusters are drawn, whichever are chosen, and none is left out for want of a fact.
 */

/** Who replicates from whom, how far behind, and what is wrong with whom. */
export function topology(): PanelBuilder {
  const panel = new PanelBuilder()
    .datasource(datasource)
    .targets([rows(nodes(), 'nodes'), rows(edges(), 'edges')])
    .transformations([
      rename('nodes', { 'Value #nodes': 'value' }),
      rename('edges', { Value: 'secondarystat', 'Value #edges': 'secondarystat' }),
    ])
    .unit('s')
    .nodes(new NodeOptionsBuilder())
    .edges(new EdgeOptionsBuilder());
  return captioned(panel, {
    title: 'Topology',
    description: `Every server with its role and whether it can be written to: green when all is well, orange when it has a problem, red when it is down. An arrow goes from a source to its replica with the lag in seconds: green when it replicates, orange when it is ${defaultThresholds.lag} s behind or more, red when its lag is unknown.`,
  });
}

const all = { servers: 'all' } as const;
const byServer = 'on (cluster, server)';
const byChannel = 'on (cluster, server, channel)';

function nodes(): string {
  const up = fact('mysql_up', all);
  // One role to a server, even while two Locksteps disagree: a node that comes twice would be drawn wrongly.
  const role = `(topk by (cluster, server) (1, ${fact('mysql_server_role', { ...all, keep: ['role'] })}) == 1)`;
  const readOnly = fact('mysql_read_only', all);
  const wrong = `count by (cluster, server) (${fact('mysql_cluster_problem', { ...all, keep: ['problem'] })})`;
  const state = [
    labelled(`(${up} == 0)`, { mainstat: 'down', color: 'red' }),
    ...(['writable', 'read-only'] as const).flatMap((word, value) => {
      const these = `(${readOnly} == ${value} and ${byServer} ${up} == 1)`;
      return [
        labelled(`(${these} and ${byServer} ${wrong})`, { mainstat: word, color: 'orange' }),
        labelled(`(${these} unless ${byServer} ${wrong})`, { mainstat: word, color: 'green' }),
      ];
    }),
  ].join(' or ');
  const unknown = labelled(fact('mysql_server_role', all), { mainstat: 'unknown', color: 'orange' });
  const judged = `max by (cluster, server, mainstat, color) (${state} or ${byServer} ${unknown})`;
  const joined = `${role} * ${byServer} group_left (mainstat, color) ${judged}`;
  const titled = copied(copied(joined, 'title', 'server'), 'subtitle', 'role');
  return `label_join(${titled}, "id", "/", "cluster", "server")`;
}

function edges(): string {
  const link = fact('mysql_replica_link_info', { ...all, where: { source: { not: '' } }, keep: ['source'] });
  const lag = lagBeyondDelay('all');
  const behind = `${link} * ${byChannel} group_left () (${lag} >= ${defaultThresholds.lag})`;
  const near = `${link} * ${byChannel} group_left () (${lag} < ${defaultThresholds.lag})`;
  // No number rather than a wrong one: Grafana writes nothing for it.
  const unknown = `(${link} unless ${byChannel} ${lag}) * NaN`;
  const each = [
    labelled(near, { mainstat: 'replicates', color: 'green' }),
    labelled(behind, { mainstat: 'behind', color: 'orange' }),
    labelled(unknown, { mainstat: 'lag unknown', color: 'red' }),
  ].join(' or ');
  const id = `label_join(${each}, "id", "/", "cluster", "server", "channel")`;
  const target = `label_join(${id}, "target", "/", "cluster", "server")`;
  return `label_join(${target}, "source", "/", "cluster", "source")`;
}

function labelled(expr: string, labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels).reduce(
    (inner, [label, text]) => `label_replace(${inner}, "${label}", "${text}", "", "")`,
    expr,
  );
}

function copied(expr: string, to: string, from: string): string {
  return `label_replace(${expr}, "${to}", "$1", "${from}", "(.*)")`;
}

function rename(query: string, renameByName: Readonly<Record<string, string>>) {
  return {
    id: 'organize',
    filter: { id: 'byRefId', options: query },
    options: { renameByName, excludeByName: { Time: true }, indexByName: {} },
  };
}
