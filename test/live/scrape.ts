import { expect } from 'vitest';

/** One series of a scrape. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What an exporter answered, for assertions: the series, found by name and some of their labels. */
export class Scrape {
  readonly series: readonly Series[];

  constructor(readonly text: string) {
    this.series = text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map(parse);
  }

  all(name: string, labels: Readonly<Record<string, string>> = {}): readonly Series[] {
    return this.series.filter(
      (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    );
  }

  /** The value of the only series with this name and these labels; undefined when there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const found = this.all(name, labels);
    if (found.length > 1)
      throw new Error(`${found.length} series are named ${name} ${JSON.stringify(labels)}: name more labels`);
    return found[0]?.value;
  }

  /** The state of a state set that is 1; undefined when the set is absent or none holds. */
  state(name: string, label: string, labels: Readonly<Record<string, string>> = {}): string | undefined {
    const on = this.all(name, labels).filter((one) => one.value === 1);
    expect(on.length, `${name} ${JSON.stringify(labels)} holds one state at most`).toBeLessThanOrEqual(1);
    return on[0]?.labels[label];
  }
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

function parse(text: string): Series {
  const [, name, inside = '', value] = line.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new Error(`not a series: ${text}`);
  const labels = [...inside.matchAll(label)].map(([, key = '', quoted = '']) => [key, unescape(quoted)]);
  return {
    name,
    labels: Object.fromEntries(labels) as Record<string, string>,
    value: value === '+Inf' ? Infinity : Number(value),
  };
}

function unescape(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
