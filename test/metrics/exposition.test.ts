import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { catalogue, metric } from '../../src/metrics/catalogue.js';
import { compatibilitySamples } from '../../src/metrics/compatibility.js';
import { render } from '../../src/metrics/exposition.js';
import type { Family } from '../../src/metrics/families.js';
import { negotiate } from '../../src/metrics/negotiate.js';
import { clusterSamples, serverSamples } from '../../src/metrics/samples.js';
import { readOpenMetrics } from './parse.js';
import { brokenMariadb, brokenMysql, erringMysql, healthyMariadb, healthyMysql } from './snapshots.js';
import { brokenCluster } from './views.js';

const up = (server: string, value = 1): Family => ({
  metric: metric('mysql_up'),
  samples: [{ labels: { cluster: 'c', server }, value }],
});

describe('render', () => {
  it('is valid OpenMetrics for every snapshot', () => {
    const { snapshot, topology, relations, problems } = brokenCluster;
    for (const server of [healthyMariadb, brokenMariadb, healthyMysql, brokenMysql, erringMysql]) {
      const families = readOpenMetrics(
        render(
          [
            ...serverSamples(server),
            ...clusterSamples(snapshot, topology, relations, problems),
            ...compatibilitySamples(server),
          ],
          'openmetrics',
        ),
      );
      expect(families.length).toBeGreaterThan(30);
    }
  });

  it('gives every text in a label back as it was', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (channel) => {
        const family: Family = {
          metric: metric('mysql_replica_configured'),
          samples: [{ labels: { cluster: 'c', server: 's', channel }, value: 1 }],
        };
        const [read] = readOpenMetrics(render([family], 'openmetrics'));
        expect(read?.samples).toEqual([
          { name: 'mysql_replica_configured', labels: { cluster: 'c', server: 's', channel }, value: 1 },
        ]);
      }),
    );
  });

  it('writes the same text whatever order the families and samples come in', () => {
    const families = [...serverSamples(healthyMysql), ...serverSamples({ ...brokenMariadb, name: 'db9' })];
    const turned = families.toReversed().map((family) => ({ ...family, samples: family.samples.toReversed() }));
    expect(render(turned, 'text')).toBe(render(families, 'text'));
  });

  it('joins families of one metric and writes numbers as Prometheus reads them', () => {
    expect(render([up('b', NaN), up('a', Infinity), up('d', -Infinity), up('c', 1e21)], 'text')).toBe(
      [
        '# HELP mysql_up Whether the server answered the questions of this look (1) or not (0).',
        '# TYPE mysql_up gauge',
        'mysql_up{cluster="c",server="a"} +Inf',
        'mysql_up{cluster="c",server="b"} NaN',
        'mysql_up{cluster="c",server="c"} 1e+21',
        'mysql_up{cluster="c",server="d"} -Inf',
        '',
      ].join('\n'),
    );
  });

  it('names counters and infos after their family in OpenMetrics alone', () => {
    const families = serverSamples(healthyMysql);
    expect(render(families, 'openmetrics')).toContain('# TYPE mysql_replica_heartbeats_received counter\n');
    expect(render(families, 'text')).toContain('# TYPE mysql_replica_heartbeats_received_total counter\n');
    expect(render(families, 'openmetrics')).toContain('# TYPE mysql_server info\n');
    expect(render(families, 'text')).toContain('# TYPE mysql_server_info gauge\n');
  });

  it('writes a family without samples not at all', () => {
    expect(render([{ metric: metric('mysql_up'), samples: [] }], 'openmetrics')).toBe('# EOF\n');
  });
});

describe('render refuses', () => {
  const undeclared: Family = {
    metric: { name: 'mysql_invented', type: 'gauge', help: 'x', labels: [], scope: 'server' },
    samples: [{ labels: {}, value: 1 }],
  };
  const redefined: Family = { ...undeclared, metric: { ...undeclared.metric, name: 'mysql_up' } };
  const unlabelled: Family = { metric: metric('mysql_up'), samples: [{ labels: { cluster: 'c' }, value: 1 }] };
  const overlabelled: Family = {
    metric: metric('mysql_up'),
    samples: [{ labels: { cluster: 'c', server: 's', user: 'u' }, value: 1 }],
  };

  it.each([
    ['a metric that nothing declares', undeclared, 'the metric mysql_invented is not in the catalogue'],
    ['a metric declared otherwise', redefined, 'the metric mysql_up is not in the catalogue'],
    ['a label too few', unlabelled, 'mysql_up has the labels cluster, server and was given cluster'],
    ['a label too many', overlabelled, 'mysql_up has the labels cluster, server and was given cluster, server, user'],
  ])('%s', (_, family, fault) => {
    expect(() => render([family], 'text')).toThrow(fault);
  });

  it('a series that comes twice', () => {
    expect(() => render([up('a'), up('a', 0)], 'text')).toThrow(
      'the series mysql_up{cluster="c",server="a"} comes twice',
    );
  });

  it('and goes on without the series when told to', () => {
    const faults: string[] = [];
    const text = render([undeclared, up('a'), up('a', 0), up('b')], 'text', (fault) => faults.push(fault));
    expect(faults).toHaveLength(2);
    expect(text).toContain('mysql_up{cluster="c",server="a"} 1\nmysql_up{cluster="c",server="b"} 1\n');
    expect(text).not.toContain('invented');
  });
});

describe('the catalogue', () => {
  it('names every metric once', () => {
    expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length);
  });

  it.each(catalogue.map((entry) => [entry.name, metric(entry.name)] as const))(
    '%s follows the rules',
    (name, entry) => {
      expect(name).toMatch(/^(?:mysql|lockstep)_[a-z0-9_]+$/);
      expect(name.endsWith('_total')).toBe(entry.type === 'counter');
      expect(name.endsWith('_info')).toBe(entry.type === 'info');
      expect(/_(?:seconds|bytes)(?:_total)?$/.exec(name)?.[0].replace(/^_|_total$/g, '')).toBe(entry.unit);
      expect(entry.help).toMatch(/^[A-Z].*\.$/);
      expect(new Set(entry.labels).size).toBe(entry.labels.length);
      const ofCluster = name.startsWith('mysql_cluster_') || name.startsWith('lockstep_client_certificate_');
      const base = ofCluster ? ['cluster'] : ['cluster', 'server'];
      if (entry.scope === 'server' || entry.scope === 'cluster')
        expect(entry.labels.slice(0, base.length)).toEqual(base);
      expect(entry.states !== undefined).toBe(entry.type === 'stateset');
    },
  );
});

describe('collect[]', () => {
  it('leaves out what other collectors bring', () => {
    const names = serverSamples(healthyMysql, new Set(['tls'])).map(({ metric: { name } }) => name);
    expect(names).toContain('mysql_up');
    expect(names).toContain('mysql_have_ssl');
    expect(names).not.toContain('mysql_certificate_not_after_timestamp_seconds');
    expect(names).not.toContain('mysql_replica_io_running');
  });
});

describe('negotiate', () => {
  it.each([
    [undefined, 'text'],
    ['*/*', 'text'],
    ['text/plain;version=0.0.4', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text;version=2.0.0', 'text'],
    ['application/openmetrics-text;version=1.0.0;q=0.1, text/plain;q=0.9', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    [
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
  ])('%s', (accept, format) => {
    expect(negotiate(accept)).toBe(format);
  });
});
