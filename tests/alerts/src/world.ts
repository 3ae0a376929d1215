import { type RunningProgram, startPrometheus, startRedisExporter } from '@holdfast/test-support/prometheus'
import { RedisNode, until } from '@holdfast/test-support/servers'
import { fileOf } from './rules.ts'
import { type Shop, startShop } from './start-shop.ts'

/** An alert as Prometheus shows it. */
export interface Firing {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing'
}

/** Two processes of an app, a Redis with an exporter, and a Prometheus with the shipped rules, sixty times as fast. */
export class World {
  readonly redis: RedisNode
  readonly shops: readonly Shop[]
  readonly #prometheus: RunningProgram
  readonly #exporter: RunningProgram

  private constructor(
    redis: RedisNode,
    shops: readonly Shop[],
    exporter: RunningProgram,
    prometheus: RunningProgram,
  ) {
    this.redis = redis
    this.shops = shops
    this.#exporter = exporter
    this.#prometheus = prometheus
  }

  static async start(): Promise<World> {
    const redis = await RedisNode.start({ args: ['--maxmemory', '64mb', '--maxmemory-policy', 'noeviction'] })
    const shops = await Promise.all([startShop(redis.url), startShop(redis.url)])
    const exporter = await startRedisExporter(redis.url)
    const prometheus = await startPrometheus({
      'holdfast.rules.yml': hastened(fileOf('prometheus/holdfast.rules.yml')),
      'prometheus.yml': hastened(fileOf('prometheus/prometheus.yml'))
        .replace(/'shop-1.*'/, shops.map(({ instance }) => `'${instance}'`).join(', '))
        .replace("'redis:9121'", `'${new URL(exporter.url).host}'`)
        .replace(/^alerting:[\s\S]*?\n\n/m, ''),
    })
    return new World(redis, shops, exporter, prometheus)
  }

  async alerts(): Promise<readonly Firing[]> {
    const { alerts } = (await this.#ask('alerts')) as { readonly alerts: readonly Firing[] }
    return alerts
  }

  /** How many series the answer has. */
  async query(expression: string): Promise<number> {
    const { result } = (await this.#ask('query', { query: expression })) as {
      readonly result: readonly unknown[]
    }
    return result.length
  }

  /** What Grafana offers for `label_values`. */
  async values(series: string, label: string): Promise<readonly string[]> {
    return (await this.#ask(`label/${label}/values`, { 'match[]': series })) as readonly string[]
  }

  /** Resolves as soon as an expression has an answer. */
  async shows(expression: string): Promise<void> {
    await until(`Prometheus shows ${expression}`, async () => (await this.query(expression)) > 0)
  }

  /** Resolves when Prometheus has scraped every process, and all of it is well. */
  async isScraped(): Promise<void> {
    await this.shows('sum(up) == 3 and sum(holdfast_storage_connected) == 2 and sum(redis_up) == 1')
    await this.isCalm()
  }

  /** Resolves with the alert as soon as it fires. */
  async fires(name: string, labels: Readonly<Record<string, string>> = {}): Promise<Firing> {
    let found: Firing | undefined
    await until(
      `${name} fires`,
      async () => {
        found = (await this.alerts()).find(
          (each) =>
            each.state === 'firing' &&
            Object.entries({ alertname: name, ...labels }).every(
              ([key, value]) => each.labels[key] === value,
            ),
        )
        return found !== undefined
      },
      120_000,
    )
    return found as Firing
  }

  /** Resolves as soon as no alert fires or is about to. */
  async isCalm(): Promise<void> {
    await until('no alert is left', async () => (await this.alerts()).length === 0, 120_000)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const shop of this.shops) await shop[Symbol.asyncDispose]()
    await this.#prometheus.stop()
    await this.#exporter.stop()
    await this.redis.stop()
  }

  async #ask(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<unknown> {
    const url = `${this.#prometheus.url}/api/v1/${path}?${new URLSearchParams(parameters).toString()}`
    const response = await fetch(url)
    const body = (await response.json()) as { readonly data?: unknown; readonly error?: string }
    if (!response.ok) throw new Error(`${body.error}: ${JSON.stringify(parameters)}`)
    return body.data
  }
}

/** Replaces durations and nothing else: a minute becomes a second. */
function hastened(text: string): string {
  return text
    .replace(/\b(\d+)m\b/g, '$1s')
    .replace(/\b15s\b/g, '250ms')
    .replace(/\b30 \* 60\b/, '30')
}
