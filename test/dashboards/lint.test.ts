import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { problemNames } from '../../src/domain/problems.js';
import { type PanelJson, panelsOf, readBoards } from './boards.js';

/*
 * The rules of Grafana's dashboard-linter, in its names, that can hold here. Its job and instance rules are held for
 * the labels cluster and server instead (queries.test.ts), which are what our series are told apart by.
 */
const boards = readBoards();
const panels = boards.flatMap(({ file, board }) =>
  panelsOf(board).map((panel) => ({ name: `${file}: ${panel.title}`, panel })),
);

describe.each(boards)('the board $file', ({ board }) => {
  it('template-datasource-rule: asks for a Prometheus', () => {
    const sources = board.templating.list.filter(({ type }) => type === 'datasource');
    expect(sources).toMatchObject([{ name: 'datasource', label: 'Data source', query: 'prometheus' }]);
  });

  it('template-job-rule, template-instance-rule: asks for clusters and servers, several or all', () => {
    for (const [name, label] of Object.entries({ cluster: 'Cluster', server: 'Server' })) {
      expect(board.templating.list.find((variable) => variable.name === name)).toMatchObject({
        type: 'query',
        label,
        datasource: { uid: '${datasource}' },
        multi: true,
        includeAll: true,
        allValue: '.*',
      });
    }
  });

  it('template-on-time-change-reload-rule: looks for variables anew when the time changes', () => {
    const stale = board.templating.list.filter(({ type, refresh }) => type === 'query' && refresh !== 2);
    expect(stale).toEqual([]);
  });

  it('template-unused-rule: uses each variable', () => {
    const { templating, ...rest } = board;
    const used = JSON.stringify([rest, templating.list.map(({ query }) => query)]);
    const unused = templating.list.filter(({ name }) => !new RegExp(`\\$\\{?${name}\\b`).test(used));
    expect(unused.map(({ name }) => name)).toEqual([]);
  });

  it('uneditable-dashboard-rule: is not edited where it is shown', () => {
    expect(board.editable).toBe(false);
  });

  it('is of the classic schema, with the menu, time, crosshair and marks of all boards', () => {
    expect(board.schemaVersion).toBe(42);
    expect(board.uid).toMatch(/^lockstep-[a-z]+$/);
    expect(board.description).not.toBe('');
    expect(board.tags).toEqual(['lockstep']);
    expect(board.links).toMatchObject([
      { type: 'dashboards', tags: ['lockstep'], asDropdown: true, includeVars: true, keepTime: true },
    ]);
    expect(board.graphTooltip, 'the shared crosshair').toBe(1);
    expect(board.time).toEqual({ from: 'now-6h', to: 'now' });
    expect(board.annotations.list.map(({ name }) => name)).toEqual(['Role changes', 'Runs']);
  });

  it('places its panels side by side, with ids and titles of their own', () => {
    const ids = board.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const titles = board.panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    const taken = new Set<string>();
    for (const { title, gridPos } of board.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x} ${y}`), `${title} overlaps`).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
    const bottom = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
    expect(taken.size, 'no hole').toBe(24 * bottom);
  });
});

it('keeps the menu and the marks in sight', () => {
  for (const { board } of boards)
    for (const shown of [...board.links, ...board.annotations.list]) expect(shown).not.toHaveProperty('placement');
});

it('leads to runbooks that are there, by a variable that says where', () => {
  const pages = path.join(import.meta.dirname, '../../docs/runbooks');
  const links = boards.flatMap(({ text }) => [...text.matchAll(/"url": "\$\{runbooks:raw\}([^"]+)"/g)]);
  const targets = new Set(links.map(([, target]) => target ?? ''));
  expect(targets.size).toBeGreaterThan(5);
  const ofProblem = 'README.md#${__value.raw}';
  expect(targets).toContain(ofProblem);
  targets.delete(ofProblem);
  expect([...targets].filter((target) => !existsSync(path.join(pages, target)))).toEqual([]);
  const index = readFileSync(path.join(pages, 'README.md'), 'utf8');
  expect(problemNames.filter((name) => !index.includes(`<a id="${name}"></a>`))).toEqual([]);
  for (const { board } of boards)
    expect(board.templating.list.find(({ name }) => name === 'runbooks')).toMatchObject({
      type: 'textbox',
      label: 'Runbooks',
      query: 'docs/runbooks/',
    });
});

it('has boards of names and titles of their own', () => {
  expect(new Set(boards.map(({ board }) => board.uid)).size).toBe(boards.length);
  expect(boards.map(({ board }) => board.title)).toEqual([
    'Lockstep / Automation',
    'Lockstep / Cluster',
    'Lockstep / Fleet',
    'Lockstep / TLS and certificates',
  ]);
});

describe.each(panels)('the panel $name', ({ panel }) => {
  it('panel-datasource-rule: asks the data source that was chosen', () => {
    expect(panel.datasource?.uid).toBe('${datasource}');
    for (const target of panel.targets ?? []) expect(target.datasource.uid).toBe('${datasource}');
  });

  it('panel-title-description-rule: says what it shows', () => {
    expect(panel.title).not.toBe('');
    expect(panel.description, panel.title).toMatch(/^[A-Z].{40,}\.$/s);
  });

  it('panel-units-rule: has a unit that Grafana knows', () => {
    const units = [panel.fieldConfig?.defaults.unit, ...overridden(panel, 'unit')];
    for (const unit of units) expect(knownUnits).toContain(unit);
  });

  it('panel-no-targets-rule: asks something', () => {
    expect(panel.targets?.length).toBeGreaterThan(0);
    const refIds = panel.targets?.map(({ refId }) => refId) ?? [];
    expect(new Set(refIds).size).toBe(refIds.length);
  });

  it('needs no legend: names stand beside the values', () => {
    expect(panel.options?.legend?.showLegend ?? false).toBe(false);
    if (panel.type === 'stat') expect(panel.options?.textMode).toBe('value_and_name');
    // Lines have no names beside them: such a panel shows one thing, and its title says of whom.
    if (panel.type === 'timeseries') expect(panel.title).toContain(`$${panel.repeat ?? 'nobody'}`);
    for (const target of panel.targets ?? []) {
      if (target.format === 'time_series') expect(target.legendFormat).not.toBe('');
    }
  });

  it('colours by limits or by words', () => {
    const { thresholds, mappings } = panel.fieldConfig?.defaults ?? {};
    if (['stat', 'bargauge', 'timeseries'].includes(panel.type)) expect(thresholds?.steps.length).toBeGreaterThan(0);
    if (panel.type === 'state-timeline') expect(Object.keys(mappings?.[0]?.options ?? {}).length).toBeGreaterThan(2);
  });

  it('shows what is now where it shows one value, and history where it shows time', () => {
    const overTime = panel.type === 'timeseries' || panel.type === 'state-timeline';
    for (const target of panel.targets ?? []) expect(target.instant).toBe(!overTime);
  });

  it('leaves an empty cell empty: the words for nothing are for a table without rows', () => {
    const { defaults, overrides = [] } = panel.fieldConfig ?? {};
    if (panel.type !== 'table' || defaults?.noValue === undefined) return;
    expect(overrides[0]).toEqual({
      matcher: { id: 'byRegexp', options: '/.*/' },
      properties: [{ id: 'noValue', value: '' }],
    });
  });

  it('names only columns that there are', () => {
    const columns = new Set(renamed(panel));
    if (panel.type !== 'table') return;
    const overrides = panel.fieldConfig?.overrides.filter(({ matcher }) => matcher.id === 'byName') ?? [];
    const named = [
      ...overrides.map(({ matcher }) => matcher.options),
      ...(panel.options?.sortBy ?? []).map(({ displayName }) => displayName),
    ];
    expect(named.filter((name) => !columns.has(name))).toEqual([]);
  });
});

/** Of the units that the linter lists, those that a board of ours may need. */
const knownUnits = ['none', 'short', 's', 'ms', 'bytes', 'cps', 'percentunit', 'dateTimeAsIso'];

function overridden({ fieldConfig }: PanelJson, id: string): readonly unknown[] {
  const properties = (fieldConfig?.overrides ?? []).flatMap((override) => override.properties);
  return properties.filter((property) => property.id === id).map(({ value }) => value);
}

/** The titles that a table gives to its columns. */
function renamed({ transformations = [] }: PanelJson): readonly string[] {
  return transformations.flatMap(({ id, options }) =>
    id === 'organize' ? Object.values(options['renameByName'] as Record<string, string>) : [],
  );
}
