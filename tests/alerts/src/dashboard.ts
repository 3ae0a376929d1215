import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard'
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus'
import { dashboard } from '@holdfast/examples/dashboard'
import { fileOf } from './rules.ts'

/** The shipped file. */
export function shippedDashboard(): unknown {
  return JSON.parse(fileOf('grafana/holdfast.json'))
}

type Panel = Exclude<NonNullable<Dashboard['panels']>[number], { panels: unknown }>

/** Without the rows' headlines. */
export function panels(): readonly Panel[] {
  return (dashboard.panels ?? []).filter((each): each is Panel => each.type !== 'row')
}

export function queriesOf(panel: Panel): readonly Dataquery[] {
  return (panel.targets ?? []) as Dataquery[]
}

/** An expression of the dashboard as Prometheus gets it, with everything chosen. */
export function sent({ expr }: Dataquery, window: string = '5m'): string {
  return expr.replaceAll('$__rate_interval', window).replaceAll(/\$\w+/g, '.*')
}

/** A choice at the top of the dashboard: the values that a label has in these series. */
export interface Choice {
  readonly series: string
  readonly label: string
}

export function choices(): readonly Choice[] {
  const queries = (dashboard.templating.list ?? []).filter(({ type }) => type === 'query')
  return queries.map(({ query }) => {
    const [, series, label] = /^label_values\((.+), (\w+)\)$/.exec(query as string) ?? []
    if (series === undefined || label === undefined) throw new Error(`no label_values: ${query as string}`)
    return { series: series.replaceAll(/\$\w+/g, '.*'), label }
  })
}
