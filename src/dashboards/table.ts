import {
  TableCellDisplayMode,
  TableCellHeight,
  TableSortByFieldStateBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorModeId, type DynamicConfigValue } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { type Look, mappings, type Steps, thresholds } from './looks.js';
import type { Link } from './links.js';
import { captioned, type Caption } from './panels.js';
import { datasource, letter, rows } from './targets.js';

/** A column made of a label: the same in every query that has it. */
export interface LabelColumn {
  readonly label: string;
  readonly title: string;
  readonly looks?: Readonly<Record<string, Look>>;
  /** A page to open, with the cell as `${__value.raw}`. */
  readonly link?: Link;
}

/** A column made of the values of a query. Without a title the query brings only its labels. */
export interface ValueColumn {
  readonly expr: string;
  readonly title?: string;
  readonly unit?: string;
  readonly looks?: Readonly<Record<string, Look>>;
  readonly steps?: Steps;
  /** A page to open. */
  readonly link?: Link;
}

/** A column to sort by, the first before the second. */
export interface Sort {
  readonly by: string;
  readonly descending?: boolean;
}

/**
 * One row for each set of labels, as they are now: the queries are merged on the labels that all of them have, so
 * each must keep those of the first columns, and none of them empty (see {@link filled}).
 */
export function table(
  caption: Caption,
  labels: readonly LabelColumn[],
  values: readonly [ValueColumn, ...ValueColumn[]],
  sorts: readonly Sort[] = [],
): Table {
  const panel = new Table()
    .datasource(datasource)
    .targets(values.map(({ expr }, index) => rows(expr, letter(index))))
    .unit('none')
    .thresholds(thresholds(['transparent']))
    .cellHeight(TableCellHeight.Sm)
    .filterable(true)
    .transformations([...(values.length > 1 ? [merge] : []), organize(labels, values)])
    .sortBy(
      sorts.map(({ by, descending = false }) => new TableSortByFieldStateBuilder().displayName(by).desc(descending)),
    );
  // The words for nothing are for a table without rows: Grafana would write them into every empty cell, too.
  if (caption.nothing !== undefined) panel.overrideByRegexp('/.*/', [{ id: 'noValue', value: '' }]);
  for (const column of labels) {
    const properties = labelProperties(column);
    if (properties.length > 0) panel.overrideByName(column.title, properties);
  }
  for (const column of values) {
    const properties = valueProperties(column);
    if (column.title !== undefined && properties.length > 0) panel.overrideByName(column.title, properties);
  }
  return captioned(panel, caption);
}

/** An expression whose label is never empty: an empty label is none to Prometheus, and rows would be merged wrongly. */
export function filled(expr: string, label: string, text: string): string {
  return `label_replace(${expr}, "${label}", "${text}", "${label}", "")`;
}

const merge = { id: 'merge', options: {} };

function organize(labels: readonly LabelColumn[], values: readonly ValueColumn[]) {
  const fieldOf = (index: number) => (values.length === 1 ? 'Value' : `Value #${letter(index)}`);
  const named = values.flatMap(({ title }, index) => (title === undefined ? [] : [[fieldOf(index), title]]));
  // Should one query alone find anything, Grafana calls its values plainly `Value`.
  const alone = values.length > 1 ? named.slice(0, 1).map(([, title]) => ['Value', title]) : [];
  const shown = [...labels.map(({ label, title }) => [label, title]), ...named, ...alone];
  const hidden = values.flatMap(({ title }, index) => (title === undefined ? [fieldOf(index)] : []));
  return {
    id: 'organize',
    options: {
      excludeByName: Object.fromEntries(['Time', ...hidden].map((name) => [name, true])) as Record<string, boolean>,
      indexByName: Object.fromEntries(shown.map(([name], index) => [name, index])) as Record<string, number>,
      renameByName: Object.fromEntries(shown) as Record<string, string>,
    },
  };
}

function labelProperties({ looks, link }: LabelColumn): DynamicConfigValue[] {
  return [...(looks === undefined ? [] : coloured({ looks }, TableCellDisplayMode.ColorText)), ...linked(link)];
}

function linked(link: Link | undefined): DynamicConfigValue[] {
  return link === undefined ? [] : [{ id: 'links', value: [{ ...link, targetBlank: false }] }];
}

function valueProperties({ unit, looks, steps, link }: ValueColumn): DynamicConfigValue[] {
  const plain = looks === undefined && steps === undefined;
  return [
    ...(unit === undefined ? [] : [{ id: 'unit', value: unit }]),
    ...(plain ? [] : coloured({ looks, steps }, TableCellDisplayMode.ColorBackground)),
    ...linked(link),
  ];
}

function coloured(
  { looks, steps }: { looks?: Readonly<Record<string, Look>> | undefined; steps?: Steps | undefined },
  type: TableCellDisplayMode,
): DynamicConfigValue[] {
  return [
    { id: 'custom.cellOptions', value: { type } },
    { id: 'color', value: { mode: FieldColorModeId.Thresholds } },
    ...(looks === undefined ? [] : [{ id: 'mappings', value: mappings(looks) }]),
    ...(steps === undefined ? [] : [{ id: 'thresholds', value: thresholds(steps).build() }]),
  ];
}
