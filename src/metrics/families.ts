import type { CollectorName } from '../domain/snapshot.js';
import { type LabelOf, type Metric, type MetricName, type StateOf, metric } from './catalogue.js';

/** A metric with the series that it has now. Several families of one metric are written as one. */
export interface Family {
  readonly metric: Metric;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Of a histogram: which of its series this is. */
  readonly part?: 'bucket' | 'sum' | 'count';
}

export type Labels = Readonly<Record<string, string>>;

/** The labels that a metric has besides those that a sink already holds; no argument at all when none is left. */
type Rest<N extends MetricName, Held extends string, Given extends string = never> = [
  Exclude<LabelOf<N>, Held | Given>,
] extends [never]
  ? []
  : [labels: Readonly<Record<Exclude<LabelOf<N>, Held | Given>, string>>];

/** Collects samples by metric. What is unknown is not written: an undefined value adds nothing. */
export class Sink<Held extends string> {
  readonly #families: Map<MetricName, Sample[]>;
  readonly #held: Readonly<Record<Held, string>>;
  readonly #only: ReadonlySet<CollectorName> | undefined;

  /** @param only the collectors whose metrics are taken; default all. Metrics of no collector are always taken. */
  constructor(
    held: Readonly<Record<Held, string>>,
    only?: ReadonlySet<CollectorName>,
    families = new Map<MetricName, Sample[]>(),
  ) {
    this.#held = held;
    this.#only = only;
    this.#families = families;
  }

  /** A sink for narrower labels that fills the same families. */
  within<More extends string>(more: Readonly<Record<More, string>>): Sink<Held | More> {
    const held: Readonly<Record<string, string>> = { ...this.#held, ...more };
    return new Sink<Held | More>(held, this.#only, this.#families);
  }

  /** @param value true is 1 and false 0; undefined is unknown */
  add<N extends MetricName>(name: N, value: number | boolean | undefined, ...[labels]: Rest<N, Held>): void {
    if (value === undefined || !this.#takes(name)) return;
    this.#push(name, { ...this.#held, ...labels }, Number(value));
  }

  /** An info metric: text in labels, the value 1. An undefined text is the empty label. */
  info<N extends MetricName>(
    name: N,
    labels: Readonly<Record<Exclude<LabelOf<N>, Held>, string | number | undefined>>,
  ): void {
    if (!this.#takes(name)) return;
    const texts: Record<string, string> = { ...this.#held };
    for (const [label, value] of Object.entries<string | number | undefined>(labels))
      texts[label] = String(value ?? '');
    this.#push(name, texts, 1);
  }

  /** A state set: one series for each state of the catalogue. @param current undefined: none of them holds */
  states<N extends MetricName, L extends Exclude<LabelOf<N>, Held>>(
    name: N,
    label: L,
    current: StateOf<N> | undefined,
    ...[labels]: Rest<N, Held, L>
  ): void {
    if (!this.#takes(name)) return;
    for (const state of statesInOrder(metric(name)))
      this.#push(name, { ...this.#held, ...labels, [label]: state }, state === current ? 1 : 0);
  }

  families(): Family[] {
    return [...this.#families].map(([name, samples]) => ({ metric: metric(name), samples }));
  }

  #takes(name: MetricName): boolean {
    if (this.#only === undefined) return true;
    const { collector } = metric(name);
    return collector === undefined || this.#only.has(collector);
  }

  #push(name: MetricName, labels: Labels, value: number): void {
    const samples = this.#families.get(name);
    if (samples === undefined) this.#families.set(name, [{ labels, value }]);
    else samples.push({ labels, value });
  }
}

/** As the exposition writes them, so that it need not sort them at every scrape. */
function statesInOrder(metric: Metric): readonly string[] {
  let ordered = orders.get(metric);
  if (ordered === undefined) orders.set(metric, (ordered = [...(metric.states ?? [])].sort()));
  return ordered;
}

const orders = new WeakMap<Metric, readonly string[]>();

export type ServerSink = Sink<'cluster' | 'server'>;
export type ChannelSink = Sink<'cluster' | 'server' | 'channel'>;
export type ClusterSink = Sink<'cluster'>;
