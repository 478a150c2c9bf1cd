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

/** A target and whether it was met, as one line. */
export function verdict(what: string, value: number, limit: number, unit = ''): string {
  const met = value <= limit;
  return `  ${met ? 'met   ' : 'MISSED'}  ${what}: ${fixed(value, 2)}${unit} (target: at most ${limit}${unit})`;
}
