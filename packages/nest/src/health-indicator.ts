import { Logger } from '@nestjs/common'
import type { Holdfast } from '@holdfast/core'
import { type HealthView, type HealthViewOptions, healthView, whyNoCache, whyNotUp } from '@holdfast/http'

/** What Terminus takes from an indicator: the same shape in its versions 11 and 12. */
export type HoldfastHealthResult<Key extends string> = Record<Key, HoldfastHealth>

/**
 * {@link HealthView} as Terminus wants it. `down` here is `down` or `degraded` there: Terminus would answer 200 for the
 * latter. `message` says why, by a code unless details are exposed.
 */
export type HoldfastHealth = Omit<HealthView, 'status' | 'error'> & {
  readonly status: 'up' | 'down'
  readonly message?: string
}

/**
 * Says whether the storage answers and does what it is asked, for `HealthCheckService` of `@nestjs/terminus`:
 * `health.check([() => holdfast.isHealthy('holdfast')])`. Terminus answers 503 when it does not. Needs no Terminus
 * to be used otherwise.
 */
export class HoldfastHealthIndicator {
  readonly #holdfast: Pick<Holdfast, 'health'>
  readonly #logger = new Logger('Holdfast')

  constructor(holdfast: Pick<Holdfast, 'health'>) {
    this.#holdfast = holdfast
  }

  /**
   * Never rejects; `key` is the name in Terminus' answer, default `holdfast`. What codes mean here is logged. A cache that keeps nothing
   * is logged and among the findings, and `up`: loads run.
   */
  async isHealthy<Key extends string = 'holdfast'>(
    key: Key = 'holdfast' as Key,
    options: HealthViewOptions = {},
  ): Promise<HoldfastHealthResult<Key>> {
    const health = await this.#holdfast.health()
    const reason = whyNotUp(health) ?? whyNoCache(health)
    if (reason !== undefined) this.#logger.warn(reason)
    const { status, error, ...rest } = healthView(health, options)
    const finding = rest.findings.find(({ stopsWork }) => stopsWork)
    const message = error ?? finding?.message ?? finding?.code
    const result: HoldfastHealth = {
      ...rest,
      status: status === 'up' ? 'up' : 'down',
      ...(message !== undefined && { message }),
    }
    return { [key]: result } as HoldfastHealthResult<Key>
  }
}
