import type { Health, Holdfast } from '@holdfast/core'

/** What Terminus takes from an indicator: the same shape in its versions 11 and 12. */
export type HoldfastHealthResult<Key extends string> = Record<Key, HoldfastHealth>

/**
 * {@link Health} as Terminus wants it. `down` here is `down` or `degraded` there: Terminus would answer 200 for the latter.
 * `message` says why.
 */
export type HoldfastHealth = Omit<Health, 'status' | 'error'> & {
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

  constructor(holdfast: Pick<Holdfast, 'health'>) {
    this.#holdfast = holdfast
  }

  /** Never rejects; `key` is the name in Terminus' answer, default `holdfast`. */
  async isHealthy<Key extends string = 'holdfast'>(
    key: Key = 'holdfast' as Key,
  ): Promise<HoldfastHealthResult<Key>> {
    const { status, error, ...rest } = await this.#holdfast.health()
    const message = error?.message ?? rest.findings.find(({ stopsWork }) => stopsWork)?.message
    const health: HoldfastHealth = {
      ...rest,
      status: status === 'up' ? 'up' : 'down',
      ...(message !== undefined && { message }),
    }
    return { [key]: health } as HoldfastHealthResult<Key>
  }
}
