/** Every metric and label that an alert or a panel names is there in a real scrape: of an app, and of Debian's exporter. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { METRICS, prometheusName } from '@holdfast/telemetry'
import { startRedisExporter } from '@holdfast/test-support/prometheus'
import { RedisNode, until } from '@holdfast/test-support/servers'
import { describe, expect, it } from 'vitest'
import { choices, panels, queriesOf, sent } from '../src/dashboard.ts'
import { type Exposed, exposedIn } from '../src/exposition.ts'
import { needs } from '../src/needs.ts'
import { namesIn } from '../src/promql.ts'
import { alertsIn } from '../src/rules.ts'
import { startShop } from '../src/start-shop.ts'

/** What Prometheus itself adds: to each scrape, and of its alerts. */
const OF_PROMETHEUS: Exposed = new Map([
  ['up', new Set<string>()],
  ['ALERTS', new Set(['alertname', 'alertstate'])],
])
const OF_EACH_TARGET = ['job', 'instance', '__name__']

const expressions = [
  ...['holdfast.rules.yml', 'one-job.rules.yml'].flatMap((file) =>
    alertsIn(file).map(({ alert, expr }) => [alert, expr] as const),
  ),
  ...panels().flatMap((panel) => queriesOf(panel).map((query) => [panel.title ?? '', sent(query)] as const)),
  ...choices().map(({ series }) => ['a choice', series] as const),
]

async function scraped(url: string): Promise<string> {
  return await (await fetch(`${url}/metrics`)).text()
}

describe('what alerts and panels name', () => {
  let exposed: Exposed
  needs(['prometheus-redis-exporter'], async () => {
    await using redis = await RedisNode.start({ args: ['--maxmemory', '64mb'] })
    await redis.ask('ACL', 'SETUSER', 'monitor', ...rightsToMonitor())
    await using exporter = await startRedisExporter(redis.url, { name: 'monitor', password: 'change-me' })
    await using shop = await startShop(redis.url)
    await until('the app has worked', async () => /outcome="hit".* [1-9]/.test(await scraped(shop.url)))
    exposed = exposedIn([await scraped(shop.url), await scraped(exporter.url)].join('\n'))
  })

  it.each(expressions)('%s: %s', (_title, expression) => {
    const { metrics, labels } = namesIn(expression)
    const known = metrics.map((metric) => [metric, exposed.get(metric) ?? OF_PROMETHEUS.get(metric)] as const)
    expect(known.filter(([, its]) => its === undefined).map(([metric]) => metric)).toEqual([])
    const possible = known.flatMap(([metric, its]) => [...(its ?? []), ...promised(metric)])
    expect([...possible, ...OF_EACH_TARGET]).toEqual(expect.arrayContaining([...labels]))
  })

  it('a name that is not exported is found', () => {
    expect(
      namesIn('sum(rate(holdfast_jobs_lost_total[5m]))').metrics.filter((name) => !exposed.has(name)),
    ).toEqual(['holdfast_jobs_lost_total'])
  })
})

/** The labels of a metric that has no sample before the first fault. */
function promised(metric: string): readonly string[] {
  const name = metric.replace(/_(bucket|sum|count)$/, '')
  const labels = Object.values(METRICS).find((each) => prometheusName(each) === name)?.labels ?? []
  return metric.endsWith('_bucket') ? [...labels, 'le'] : labels
}

/** As docs/operations/monitoring.md has them. */
function rightsToMonitor(): readonly string[] {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/operations/monitoring.md'), 'utf8')
  const [, rights = ''] = /redis-cli ACL SETUSER monitor (.*)/.exec(page) ?? []
  return rights.replaceAll("'", '').split(' ')
}
