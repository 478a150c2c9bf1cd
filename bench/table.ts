import { median, percentile } from './statistics.js';

/** Rows of text as a table with aligned columns: the first column to the left, the others to the right. */
export function tableText(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) =>
    widths
      .map((width, column) => (column === 0 ? (row[column] ?? '').padEnd(width) : (row[column] ?? '').padStart(width)))
      .join('  ')
      .trimEnd();
  return [line(heads), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}

/** A number with so many digits after the point; a dash for NaN. */
export function fixed(value: number, digits = 1): string {
  return Number.isNaN(value) ? '-' : value.toFixed(digits);
}

/** A row of a table of milliseconds: the median, the 99th percentile and the worst; dashes where there is none. */
export function durationsRow(title: string, values: readonly number[], digits?: number): readonly string[] {
  const shown = [median(values), percentile(values, 99), percentile(values, 100)];
  return [title, ...shown.map((value) => (Number.isNaN(value) ? '-' : `${fixed(value, digits)} ms`))];
}

/** A target and whether it was met, as one line. */
export function verdict(what: string, value: number, limit: number, unit = ''): string {
  const met = value <= limit;
  return `  ${met ? 'met   ' : 'MISSED'}  ${what}: ${fixed(value, 2)}${unit} (target: at most ${Number(fixed(limit, 2))}${unit})`;
}
