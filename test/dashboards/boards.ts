import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** The committed boards, as Grafana reads them: only what the tests look at. */
export interface BoardFile {
  readonly file: string;
  readonly text: string;
  readonly board: BoardJson;
}

export interface BoardJson {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly schemaVersion: number;
  readonly editable: boolean;
  readonly graphTooltip: number;
  readonly refresh: string;
  readonly time: { readonly from: string; readonly to: string };
  readonly tags: readonly string[];
  readonly links: readonly {
    readonly type: string;
    readonly tags: readonly string[];
    readonly includeVars: boolean;
    readonly keepTime: boolean;
    readonly asDropdown: boolean;
  }[];
  readonly templating: { readonly list: readonly VariableJson[] };
  readonly annotations: { readonly list: readonly { readonly name: string; readonly expr: string }[] };
  readonly panels: readonly PanelJson[];
}

export interface VariableJson {
  readonly name: string;
  readonly type: string;
  readonly label?: string;
  readonly query: string | { readonly query: string };
  readonly datasource?: { readonly uid: string };
  readonly refresh?: number;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly hide?: number;
  readonly current?: { readonly value: string | readonly string[] };
}

export interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly repeat?: string;
  readonly targets?: readonly TargetJson[];
  readonly transformations?: readonly { readonly id: string; readonly options: Record<string, unknown> }[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly thresholds?: { readonly steps: readonly { readonly color: string; readonly value: number | null }[] };
      readonly mappings?: readonly { readonly options: Readonly<Record<string, { readonly text: string }>> }[];
    };
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options: string };
      readonly properties: readonly { readonly id: string; readonly value: unknown }[];
    }[];
  };
  readonly options?: {
    readonly legend?: { readonly showLegend: boolean };
    readonly textMode?: string;
    readonly sortBy?: readonly { readonly displayName: string }[];
  };
}

export interface TargetJson {
  readonly refId: string;
  readonly expr: string;
  readonly datasource: { readonly uid: string };
  readonly instant: boolean;
  readonly format: string;
  readonly legendFormat?: string;
}

export const boardDirectory = path.join(import.meta.dirname, '../../dashboards');

export function readBoards(): readonly BoardFile[] {
  return readdirSync(boardDirectory)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const text = readFileSync(path.join(boardDirectory, file), 'utf8');
      return { file, text, board: JSON.parse(text) as BoardJson };
    });
}

/** Panels that show data: all but the rows. */
export function panelsOf({ panels }: BoardJson): readonly PanelJson[] {
  return panels.filter(({ type }) => type !== 'row');
}

/** What a variable is replaced by, as Grafana would with everything chosen and the defaults of the limits. */
export function substituted(expr: string, { templating }: BoardJson, rateInterval = '1m', range = '6h'): string {
  const values: Record<string, string> = { __rate_interval: rateInterval, __range: range };
  for (const { name, allValue, current } of templating.list) {
    const chosen = [current?.value ?? ''].flat()[0] ?? '';
    values[name] = chosen === '$__all' ? (allValue ?? '.*') : chosen;
  }
  return expr.replace(/\$([a-z_][a-z_0-9]*)/gi, (whole, name: string) => values[name] ?? whole);
}
