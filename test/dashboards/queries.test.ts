import { describe, expect, it } from 'vitest';
import { findMetric, type Metric } from '../../src/metrics/catalogue.js';
import { type BoardJson, panelsOf, readBoards, substituted } from './boards.js';
import { parsePromql, type Selector } from './promql.js';

/**
 * What may be asked of all servers though some are chosen: the other end of a channel, and the whole of a topology
 * (Grafana's node graph fails on an edge whose node is missing).
 */
const ofAllServers: readonly string[] = ['Topology', 'Binary log files behind', 'Transport: written, not yet received'];

interface Query {
  readonly name: string;
  readonly title: string;
  readonly expr: string;
  readonly board: BoardJson;
}

const queries: readonly Query[] = readBoards().flatMap(({ file, board }) => [
  ...panelsOf(board).flatMap(({ title, targets = [] }) =>
    targets.map(({ refId, expr }) => ({ name: `${file}: ${title} ${refId}`, title, expr, board })),
  ),
  ...board.annotations.list.map(({ name, expr }) => ({ name: `${file}: marks of ${name}`, title: name, expr, board })),
]);

it('finds the queries', () => {
  expect(queries.length).toBeGreaterThan(50);
});

it('template-label-promql-rule: asks for the values of variables by metrics and labels of the catalogue', () => {
  for (const { board } of readBoards()) {
    const asked = board.templating.list.flatMap(({ type, query }) =>
      type === 'query' && typeof query !== 'string' ? [query.query] : [],
    );
    expect(asked.length).toBeGreaterThan(1);
    for (const query of asked) {
      const [, selector = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
      const { faults, selectors } = parsePromql(substituted(selector, board));
      expect(faults, query).toEqual([]);
      const labels = findMetric(selectors[0]?.metric ?? '')?.labels;
      expect(labels, query).toEqual(
        expect.arrayContaining([label, ...(selectors[0]?.matchers ?? []).map((one) => one.label)]),
      );
    }
  }
});

describe.each(queries)('the query $name', ({ title, expr, board }) => {
  const parsed = parsePromql(substituted(expr, board));

  it('target-promql-rule: is PromQL, with every variable known', () => {
    expect(parsed.faults).toEqual([]);
    // What is left are references to groups of regular expressions.
    expect(substituted(expr, board).replaceAll('"$1"', '')).not.toContain('$');
    expect(parsed.selectors.length).toBeGreaterThan(0);
  });

  it('names only metrics and labels of the catalogue', () => {
    for (const { metric, matchers } of parsed.selectors) {
      const known = metricOf(metric);
      expect(known, `${metric} is no metric of the catalogue`).toBeDefined();
      for (const { label, operator, value } of matchers) {
        expect(known?.labels, `${metric} has no label ${label}`).toContain(label);
        const states = known?.states;
        if (states !== undefined && label === known?.labels.at(-1) && operator === '=') expect(states).toContain(value);
      }
    }
  });

  it('target-job-rule, target-instance-rule: asks for the clusters and servers that were chosen', () => {
    for (const { metric, matchers } of parsePromql(withLimits(expr, board)).selectors) {
      const chosen = new Map(matchers.map(({ label, operator, value }) => [label, `${operator}${value}`]));
      if (metricOf(metric)?.labels.includes('cluster') === true)
        expect(chosen.get('cluster'), metric).toBe('=~$cluster');
      if (metricOf(metric)?.labels.includes('server') !== true || ofAllServers.includes(title)) continue;
      expect(['=~$server', '=~$replica'], metric).toContain(chosen.get('server'));
    }
  });

  it('target-counter-agg-rule, target-rate-interval-rule: takes the growth of counters, and of counters alone', () => {
    const { selectors } = parsePromql(substituted(expr, board, '123s', '456s'));
    for (const selector of selectors) {
      const counter = isCounter(selector.metric);
      expect(growth(selector, selectors) !== undefined, selector.metric).toBe(counter);
      if (!counter) expect(selector.range, selector.metric).toBeUndefined();
    }
  });

  it('reduces first, so that two Locksteps or two routes never double a fact', () => {
    for (const { metric, reduced } of parsed.selectors) {
      expect(reduced?.operator, metric).toBe('max');
      const apart = ['cluster', 'server', 'channel'].filter((label) => metricOf(metric)?.labels.includes(label));
      expect(reduced?.by, metric).toEqual(expect.arrayContaining(apart));
    }
  });
});

/** With numbers for the limits in days, and the variables that choose clusters and servers as they are. */
function withLimits(expr: string, board: BoardJson): string {
  const list = board.templating.list.filter(({ type }) => type === 'custom');
  return substituted(expr, { ...board, templating: { list } });
}

/** By the name of a series: those of a histogram carry a part of it. */
function metricOf(series: string): Metric | undefined {
  return findMetric(series) ?? histogramOf(series);
}

function histogramOf(series: string): Metric | undefined {
  const found = findMetric(series.replace(/_(?:bucket|count|sum)$/, ''));
  return found?.type === 'histogram' ? found : undefined;
}

function isCounter(series: string): boolean {
  return metricOf(series)?.type === 'counter' || histogramOf(series) !== undefined;
}

/** How it is told how much it has grown; undefined for what stands for itself. */
function growth({ metric, within, range, ago }: Selector, all: readonly Selector[]): string | undefined {
  if (within === 'rate' && range === '123s') return 'per second';
  if (['increase', 'min_over_time'].includes(within ?? '') && range === '456s') return 'over the time shown';
  const earlier = all.some((other) => other.metric === metric && other.ago !== undefined);
  return range === undefined && isCounter(metric) && (ago !== undefined || earlier) ? 'since then' : undefined;
}
