import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { CacheEvent, Holdfast } from '@holdfast/core'
import { patiently } from '../../jobs/patiently.ts'
import type { InstanceRows } from '../tables/instance-rows.ts'
import { PRICE_TTL_MS } from './settings.ts'

const NAMESPACE = 'prices'
const KEY = 'review'

/** One read in so many is followed by a change of the price. */
const CHANGES_ONE_IN = 2

/** After so long no writer waits for an invalidation to be acknowledged. */
const INVALIDATE_MS = 4_000

/** The price of a review, in the database and, until a writer changes it, in the cache. */
export interface Price {
  read(): Promise<void>
  /** Reads it, and sometimes changes it. */
  use(): Promise<void>
}

export function createPrice({ cache }: Pick<Holdfast, 'cache'>, rows: InstanceRows): Price {
  const prices = cache.namespace(NAMESPACE)
  const happened = new AsyncLocalStorage<CacheEvent['type'][]>()
  subscribe('holdfast:cache', (event) => {
    const { namespace, type } = event as CacheEvent
    if (namespace === NAMESPACE) happened.getStore()?.push(type)
  })

  const read = async (): Promise<void> => {
    const how: CacheEvent['type'][] = []
    const begun = rows.beginRead()
    const version = await happened.run(how, () =>
      prices.getOrCreate(KEY, async () => rows.price(), { ttlMs: PRICE_TTL_MS }),
    )
    rows.endRead(begun, version, how.join(' '))
  }
  const change = async (): Promise<void> => {
    const version = rows.changePrice()
    await patiently(AbortSignal.timeout(INVALIDATE_MS), () => prices.remove(KEY))
    rows.invalidated(version)
  }
  return {
    read,
    async use() {
      await read()
      if (Math.random() * CHANGES_ONE_IN >= 1) return
      // Not acknowledged: nothing is promised, and nothing is recorded.
      await change().catch(() => undefined)
      await read()
    },
  }
}
