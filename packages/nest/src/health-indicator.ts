import type { Finding, Health, Holdfast } from '@holdfast/core'

/** What Terminus takes from an indicator: the same shape in its versions 11 and 12. */
export type HoldfastHealthResult<Key extends string> = Record<Key, HoldfastHealth>

export interface HoldfastHealth {
  readonly status: 'up' | 'down'
  readonly connection: Health['connection']
  /** Of one command; null when it was not answered. */
  readonly roundTripMs: number | null
  /** What is wrong or risky with the storage, and what to change. */
  readonly findings: readonly Finding[]
  /** Why it is down. */
  readonly message?: string
}

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
    const { status, connection, roundTripMs, findings, error } = await this.#holdfast.health()
    const health = { status, connection, roundTripMs, findings, ...(error && { message: error.message }) }
    return { [key]: health } as HoldfastHealthResult<Key>
  }
}
