import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import {
  BarGaugeDisplayMode,
  BarGaugeNamePlacement,
  BarGaugeValueMode,
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  SortOrder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import { FieldColorBuilder, FieldColorModeId } from '@grafana/grafana-foundation-sdk/dashboard';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as StateTimeline } from '@grafana/grafana-foundation-sdk/statetimeline';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { mappings, neutral, type Steps, thresholds } from './looks.js';
import type { CodedState } from './states.js';
import { datasource, history, letter, now, type Query } from './targets.js';

/** What every panel says of itself. */
export interface Caption {
  readonly title: string;
  /** What it shows, and what its colours mean. */
  readonly description: string;
  /** Shown where nothing is found; by default Grafana's `No data`. */
  readonly nothing?: string;
}

/** One number of a {@link numbers} panel. */
export interface Figure extends Query {
  readonly steps: Steps;
  /** Default: the panel's. */
  readonly unit?: string;
}

/** One or two numbers side by side, each with its name, as they are now. */
export function numbers(caption: Caption, unit: string, ...figures: readonly Figure[]): Stat {
  const panel = new Stat()
    .datasource(datasource)
    .unit(unit)
    .noValue(caption.nothing ?? '?')
    .reduceOptions(last())
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .textMode(BigValueTextMode.ValueAndName)
    .orientation(VizOrientation.Vertical)
    .colorScheme(byThreshold())
    .thresholds(thresholds(figures[0]?.steps ?? neutral));
  figures.forEach((figure, index) => {
    panel.withTarget(now(figure, letter(index)));
    if (index > 0) {
      panel.overrideByQuery(letter(index), [
        { id: 'thresholds', value: thresholds(figure.steps).build() },
        { id: 'unit', value: figure.unit ?? unit },
      ]);
    }
  });
  return captioned(panel, caption);
}

/** A bar with name and value for each series, as they are now. */
export function bars(caption: Caption, unit: string, steps: Steps, query: Query): BarGauge {
  const panel = new BarGauge()
    .datasource(datasource)
    .withTarget(now(query, 'A'))
    .unit(unit)
    .min(0)
    .reduceOptions(last())
    .displayMode(BarGaugeDisplayMode.Basic)
    .orientation(VizOrientation.Horizontal)
    .namePlacement(BarGaugeNamePlacement.Left)
    .valueMode(BarGaugeValueMode.Color)
    .colorScheme(byThreshold())
    .thresholds(thresholds(steps));
  return captioned(panel, caption);
}

/** A row for each series, with the state written in the bar: which state held when. */
export function timeline(caption: Caption, name: string, { expr, looks, steps = neutral }: CodedState): StateTimeline {
  const panel = new StateTimeline()
    .datasource(datasource)
    .withTarget(history({ expr, name }, 'A'))
    .unit('none')
    .mappings(mappings(looks))
    .colorScheme(byThreshold())
    .thresholds(thresholds(steps))
    .showValue(VisibilityMode.Auto)
    .mergeValues(true)
    .rowHeight(0.85)
    .lineWidth(0)
    .fillOpacity(75)
    .legend(noLegend())
    .tooltip(tooltip());
  return captioned(panel, caption);
}

/** Lines over time, for a panel whose title says what they are; the tooltip names each. */
export function lines(caption: Caption, unit: string, steps: Steps, query: Query): TimeSeries {
  const panel = new TimeSeries()
    .datasource(datasource)
    .withTarget(history(query, 'A'))
    .unit(unit)
    .min(0)
    .thresholds(thresholds(steps))
    .colorScheme(byThreshold())
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed))
    .lineWidth(2)
    .fillOpacity(10)
    .showPoints(VisibilityMode.Never)
    .legend(noLegend())
    .tooltip(tooltip());
  return captioned(panel, caption);
}

interface Captioned {
  title(text: string): this;
  description(text: string): this;
  noValue(text: string): this;
}

/** Title and description, and the words for nothing. */
export function captioned<P extends Captioned>(panel: P, { title, description, nothing }: Caption): P {
  panel.title(title).description(description);
  return nothing === undefined ? panel : panel.noValue(nothing);
}

function byThreshold(): FieldColorBuilder {
  return new FieldColorBuilder().mode(FieldColorModeId.Thresholds);
}

function last(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields('');
}

function noLegend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder()
    .displayMode(LegendDisplayMode.List)
    .placement(LegendPlacement.Bottom)
    .showLegend(false)
    .calcs([]);
}

function tooltip(): VizTooltipOptionsBuilder {
  return new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending);
}
