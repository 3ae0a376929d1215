/** Panels as all of the dashboard has them: each with its unit, and a legend for each query. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  VizLegendOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  FieldColorBuilder,
  FieldColorModeId,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as GraphBuilder } from '@grafana/grafana-foundation-sdk/timeseries'

const datasource = { type: 'prometheus', uid: '${datasource}' }
/** The processes that are chosen at the top. */
export const HERE = 'job=~"$job", instance=~"$instance"'
export const REDIS = 'instance=~"$redis"'
let lastId = 0

/** One number of now, which turns red from `bad` on; or below it. */
export function number(
  title: string,
  description: string,
  unit: string,
  expr: string,
  [good, bad]: readonly [good: string, bad: number],
): StatBuilder {
  const query = new DataqueryBuilder().refId('A').expr(expr).legendFormat(title).instant()
  const [low, high] = good === 'high' ? ['red', 'green'] : ['green', 'red']
  const steps = [
    { value: null, color: low },
    { value: bad, color: high },
  ]
  return new StatBuilder()
    .id(++lastId)
    .title(title)
    .description(description)
    .datasource(datasource)
    .span(3)
    .height(4)
    .unit(unit)
    .thresholds(new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps))
    .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.Thresholds))
    .colorMode(BigValueColorMode.Background)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .withTarget(query)
}

/** Lines over time: an expression for each legend. */
export function graph(
  title: string,
  description: string,
  unit: string,
  queries: Readonly<Record<string, string>>,
  span: number = 8,
): GraphBuilder {
  const panel = new GraphBuilder()
    .id(++lastId)
    .title(title)
    .description(description)
    .datasource(datasource)
    .span(span)
    .height(7)
    .unit(unit)
    .min(0)
    .fillOpacity(10)
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
  for (const [i, [legend, expr]] of Object.entries(queries).entries()) {
    const refId = String.fromCharCode(65 + i)
    panel.withTarget(new DataqueryBuilder().refId(refId).expr(expr).legendFormat(legend).range())
  }
  return panel
}

/** How many leases were lost in ten minutes; 0 where none ever was. */
export function lost(counter: string): string {
  return `(sum(increase(${counter}{${HERE}}[10m])) or vector(0))`
}

export function row(title: string): RowBuilder {
  return new RowBuilder(title).id(++lastId)
}

/** What a counter grew by in a second, by some of its labels. */
export function perSecond(counter: string, by: string): string {
  return `sum by (${by}) (rate(${counter}{${HERE}}[$__rate_interval]))`
}

/** Of a histogram: what 95 % stay under. */
export function p95(histogram: string, by: string): string {
  return `histogram_quantile(0.95, sum by (le, ${by}) (rate(${histogram}_bucket{${HERE}}[$__rate_interval])))`
}

export function now(gauge: string, by: string, aggregate: 'sum' | 'max' = 'sum'): string {
  return `${aggregate} by (${by}) (${gauge}{${HERE}})`
}

export function variable(name: string, label: string, query: string): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(datasource)
    .query(query)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*')
    .current({ text: 'All', value: '$__all' })
}
