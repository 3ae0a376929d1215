/** The dashboard of examples/operations/grafana is what its source says, and each of its panels can be read by a stranger. */
import { dashboard } from '@holdfast/examples/dashboard'
import { describe, expect, it } from 'vitest'
import { choices, panels, queriesOf, sent, shippedDashboard } from '../src/dashboard.ts'
import { namesIn } from '../src/promql.ts'

/** Of all labels those that cannot have one value for each key. `le` is that of histograms. */
const BOUNDED =
  'job instance prefix storage job_type lock cache outcome kind reason code le alertname alertstate'.split(
    ' ',
  )

describe('holdfast.json', () => {
  it('is what `npm run dashboard` makes', () => {
    expect(shippedDashboard()).toEqual(JSON.parse(JSON.stringify(dashboard)))
  })

  it('has the rows that a paged operator needs, in that order', () => {
    const rows = (dashboard.panels ?? []).filter(({ type }) => type === 'row')
    expect(rows.map(({ title }) => title)).toEqual([
      'Is anything wrong now?',
      'Jobs',
      'Locks',
      'Cache',
      'Storage',
      'Redis',
    ])
  })

  it('asks whichever Prometheus is chosen', () => {
    const [source] = dashboard.templating.list ?? []
    expect(source).toMatchObject({ type: 'datasource', name: 'datasource', query: 'prometheus' })
    const variables = (dashboard.templating.list ?? []).filter(({ type }) => type === 'query')
    for (const { datasource } of [...panels(), ...variables])
      expect(datasource).toEqual({ type: 'prometheus', uid: '${datasource}' })
  })

  it('has no two panels in one place, nor with one id', () => {
    const places = (dashboard.panels ?? []).map(({ gridPos }) => gridPos ?? { x: 0, y: 0, w: 0, h: 0 })
    const cells = places.flatMap(({ x, y, w, h }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    expect(Math.max(...places.map(({ x, w }) => x + w))).toBe(24)
    expect(new Set((dashboard.panels ?? []).map(({ id }) => id)).size).toBe(places.length)
  })
})

describe.each(panels())('the panel "$title" ($id)', (panel) => {
  it('has a unit, a description, and a legend with labels of its query', () => {
    expect(panel.fieldConfig?.defaults.unit).toBeTruthy()
    expect(panel.description).toMatch(/\.$/)
    expect(queriesOf(panel).length).toBeGreaterThan(0)
    for (const query of queriesOf(panel)) {
      expect(query.legendFormat).toBeTruthy()
      const shown = [...(query.legendFormat ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label)
      const { labels } = namesIn(sent(query))
      expect(labels).toEqual(expect.arrayContaining(shown))
      expect(BOUNDED).toEqual(expect.arrayContaining([...labels]))
    }
  })
})

describe('the choices at the top', () => {
  it('are values of the labels that the queries use', () => {
    expect(choices().map(({ series, label }) => `${label} of ${series}`)).toEqual([
      'job of {__name__=~"holdfast_.+"}',
      'instance of {__name__=~"holdfast_.+", job=~".*"}',
      'instance of redis_up',
    ])
  })
})
