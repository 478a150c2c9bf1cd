/** One exposition, read strictly: a line that the format does not allow throws. */
export interface ReadFamily {
  readonly name: string;
  type: string | undefined;
  unit: string | undefined;
  readonly samples: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

const suffixes: Record<string, readonly string[]> = {
  counter: ['_total', '_created'],
  info: ['_info'],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  gauge: [''],
  unknown: [''],
};

/**
 * OpenMetrics 1.0 after its ABNF: families come once and together, HELP, TYPE and UNIT before samples, samples with
 * the suffixes of their type, info values 1, counters neither negative nor NaN, `# EOF` at the very end.
 */
export function readOpenMetrics(text: string): ReadFamily[] {
  if (!text.endsWith('# EOF\n')) throw new Error('the exposition does not end in # EOF');
  const families: ReadFamily[] = [];
  for (const line of text.slice(0, -'# EOF\n'.length).split('\n').slice(0, -1)) {
    const meta = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][\w:]*) ((?:[^\\"]|\\[\\n"])*)$/.exec(line);
    if (meta === null) readSample(line, families.at(-1));
    else readMeta(line, meta, families);
  }
  for (const family of families) checkFamily(family, families);
  return families;
}

function readMeta(line: string, [, keyword, name = '', rest = '']: RegExpExecArray, families: ReadFamily[]): void {
  let family = families.at(-1);
  if (family?.name !== name) {
    if (families.some((found) => found.name === name)) throw new Error(`${name} is interleaved: ${line}`);
    family = { name, type: undefined, unit: undefined, samples: [] };
    families.push(family);
  }
  if (family.samples.length > 0) throw new Error(`metadata after samples: ${line}`);
  if (keyword === 'TYPE') family.type = rest;
  if (keyword === 'UNIT') family.unit = rest;
}

function readSample(line: string, family: ReadFamily | undefined): void {
  const match =
    /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^\\"\n]|\\[\\n"])*"(?:,(?=[a-zA-Z_])|(?=\})))*)\})? (\S+)$/.exec(
      line,
    );
  if (match === null || family === undefined) throw new Error(`not a sample: ${line}`);
  const [, name = '', labelText = '', valueText = ''] = match;
  const labels: Record<string, string> = {};
  for (const [, label = '', value = ''] of labelText.matchAll(/([a-zA-Z_]\w*)="((?:[^\\"]|\\.)*)"/g)) {
    if (label in labels) throw new Error(`${label} twice: ${line}`);
    labels[label] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  family.samples.push({ name, labels, value: valueText === '+Inf' ? Infinity : Number(valueText) });
}

function checkFamily(family: ReadFamily, families: readonly ReadFamily[]): void {
  const { name, type = 'unknown', unit, samples } = family;
  const allowed = (suffixes[type] ?? []).map((suffix) => name + suffix);
  if (allowed.length === 0) throw new Error(`${name} has the type ${type}`);
  if (unit !== undefined && !name.endsWith(`_${unit}`)) throw new Error(`${name} does not end in its unit ${unit}`);
  for (const other of families)
    if (other !== family && allowed.includes(other.name)) throw new Error(`${name} clashes with ${other.name}`);
  const seen = new Set<string>();
  for (const sample of samples) {
    if (!allowed.includes(sample.name)) throw new Error(`${sample.name} in the ${type} ${name}`);
    if (type === 'info' && sample.value !== 1) throw new Error(`${sample.name} is ${sample.value}`);
    if (type === 'counter' && !(sample.value >= 0)) throw new Error(`${sample.name} is ${sample.value}`);
    const key = JSON.stringify([sample.name, sample.labels]);
    if (seen.has(key)) throw new Error(`${key} comes twice`);
    seen.add(key);
  }
}
