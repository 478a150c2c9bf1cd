import { DataqueryBuilder, PromQueryFormat, QueryEditorMode } from '@grafana/grafana-foundation-sdk/prometheus';

/** The data source that the board's variable names. */
export const datasource = { type: 'prometheus', uid: '${datasource}' } as const;

/** One query of a panel. */
export interface Query {
  readonly expr: string;
  /** How its series are named, with labels as `{{server}}`. */
  readonly name: string;
}

/** What holds now. For numbers and bars: over a range, a series that has ended would go on showing its last value. */
export function now({ expr, name }: Query, refId: string): DataqueryBuilder {
  return query(expr, refId).instant().legendFormat(name).format(PromQueryFormat.TimeSeries);
}

/** What has held over the time that the board shows. */
export function history({ expr, name }: Query, refId: string): DataqueryBuilder {
  return query(expr, refId).range().legendFormat(name).format(PromQueryFormat.TimeSeries);
}

/** What holds now, as rows of a table. */
export function rows(expr: string, refId: string): DataqueryBuilder {
  return query(expr, refId).instant().format(PromQueryFormat.Table);
}

/** A, B, C, … */
export function letter(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

function query(expr: string, refId: string): DataqueryBuilder {
  return new DataqueryBuilder().datasource(datasource).editorMode(QueryEditorMode.Code).expr(expr).refId(refId);
}
