import type { Health, Holdfast } from '@holdfast/core'

/** What Terminus takes from an indicator: the same shape in its versions 11 and 12. */
export type HoldfastHealthResult<Key extends string> = Record<Key, HoldfastHealth>

/** {@link Health}, with `error` as its message. */
export type HoldfastHealth = Omit<Health, 'error'> & { readonly message?: string }

/**
 * Says whether the storage answers, for `HealthCheckService` of `@nestjs/terminus`:
 * `health.check([() => holdfast.isHealthy('holdfast')])`. Terminus answers 503 when it is down. Needs no Terminus to
 * be used otherwise.
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
    const { error, ...rest } = await this.#holdfast.health()
    const health: HoldfastHealth = { ...rest, ...(error && { message: error.message }) }
    return { [key]: health } as HoldfastHealthResult<Key>
  }
}
