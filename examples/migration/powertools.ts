/** From Powertools for AWS Lambda: each pair does the same with both libraries, and a test compares what the two answer. */
// #region create
import { randomUUID } from 'node:crypto'
import {
  IdempotencyAlreadyInProgressError,
  IdempotencyConfig,
  IdempotencyValidationError,
  makeIdempotent,
} from '@aws-lambda-powertools/idempotency'
import { CachePersistenceLayer } from '@aws-lambda-powertools/idempotency/cache'
import type { CacheClient } from '@aws-lambda-powertools/idempotency/cache/types'
import type { IdempotencyConfigOptions } from '@aws-lambda-powertools/idempotency/types'
import {
  createHoldfast,
  ExecutionInProgressError,
  FingerprintMismatchError,
  type Idempotency,
} from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import type { Redis } from 'ioredis'
import type { Stage } from './stage.ts'

export interface OrderEvent {
  readonly key: string
  readonly cart: string
}

export interface Order {
  readonly id: string
}

/** What Lambda passes to a handler, as far as Powertools reads it. */
export type Context = Parameters<IdempotencyConfig['registerLambdaContext']>[0]

type Place = (event: OrderEvent) => Promise<Order>

const HOUR_MS = 3_600_000

/** The old one, over Redis. Its keys are `orders#<hash of the key>`, and live for an hour. */
function createOld(
  client: CacheClient,
  context: Context,
  place: Place,
  options: IdempotencyConfigOptions = {},
) {
  const config = new IdempotencyConfig({
    eventKeyJmesPath: 'key',
    expiresAfterSeconds: HOUR_MS / 1_000,
    ...options,
  })
  config.registerLambdaContext(context)
  const persistenceStore = new CachePersistenceLayer({ client })
  return makeIdempotent(async (event: OrderEvent) => ({ ...(await place(event)) }), {
    persistenceStore,
    config,
    keyPrefix: 'orders',
  })
}

/** On the client that you have, which `close()` leaves open. */
export const createNew = (redis: Redis) => createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop' })

/** The new one, for as long as the old one remembers. */
const defineOrder = (idempotency: Idempotency) =>
  idempotency.define<OrderEvent, Order>('order', {
    key: ({ key }) => key,
    fingerprint: ({ cart }) => cart,
    completedWindowMs: HOUR_MS,
  })
// #endregion

// #region stages
/** The one place that knows who is asked. With both: our execution, and within it the old one. Always in this order. */
export function createOrders(
  stage: Stage,
  client: CacheClient,
  context: Context,
  idempotency: Idempotency,
  place: Place,
): Place {
  const old = createOld(client, context, place)
  const job = defineOrder(idempotency)
  if (stage === 'old') return old
  const body = stage === 'both' ? old : place // the old one answers what it remembers: the record moves
  return async (event) => (await job.run(event, () => body(event))).result
}
// #endregion

export const powertoolsPairs = (
  client: CacheClient,
  context: Context,
  idempotency: Idempotency,
  job = defineOrder(idempotency),
  keys = { done: randomUUID(), other: randomUUID(), failing: randomUUID(), running: randomUUID() },
) => ({
  // #region calls
  'makeIdempotent(fn, { persistenceStore, config })': {
    before: async () => {
      let runs = 0
      const order = createOld(client, context, async () => ({ id: `run ${(runs += 1)}` }))
      const event = { key: keys.done, cart: 'apples' }
      return [await order(event), await order(event)]
    },
    after: async () => {
      let runs = 0
      const place = async (): Promise<Order> => ({ id: `run ${(runs += 1)}` })
      const event = { key: keys.done, cart: 'apples' }
      return [(await job.run(event, place)).result, (await job.run(event, place)).result]
    },
  },

  payloadValidationJmesPath: {
    before: async () => {
      const place = async (): Promise<Order> => ({ id: 'placed' })
      const order = createOld(client, context, place, { payloadValidationJmesPath: 'cart' })
      await order({ key: keys.other, cart: 'apples' })
      try {
        return await order({ key: keys.other, cart: 'pears' })
      } catch (error) {
        if (!(error instanceof IdempotencyValidationError)) throw error
        return 'mismatch'
      }
    },
    after: async () => {
      const place = async (): Promise<Order> => ({ id: 'placed' })
      await job.run({ key: keys.other, cart: 'apples' }, place)
      try {
        return await job.run({ key: keys.other, cart: 'pears' }, place)
      } catch (error) {
        if (!FingerprintMismatchError.isInstance(error)) throw error
        return 'mismatch'
      }
    },
  },

  'a function that throws': {
    before: async () => {
      const event = { key: keys.failing, cart: 'apples' }
      await createOld(client, context, () => Promise.reject(new Error('declined')))(event).catch(
        () => undefined,
      )
      return await createOld(client, context, async () => ({ id: 'again' }))(event)
    },
    after: async () => {
      const event = { key: keys.failing, cart: 'apples' }
      await job.run(event, () => Promise.reject(new Error('declined'))).catch(() => undefined)
      return (await job.run(event, async () => ({ id: 'again' }))).result
    },
  },

  IdempotencyAlreadyInProgressError: {
    before: async () => {
      const event = { key: keys.running, cart: 'apples' }
      const inner = createOld(client, context, async () => ({ id: 'never' }))
      const outer = createOld(client, context, () =>
        inner(event).catch((error: unknown) => ({ id: isInProgress(error) ? 'in progress' : String(error) })),
      )
      return await outer(event)
    },
    after: async () => {
      const { result } = await job.run({ key: keys.running, cart: 'apples' }, async () => {
        const begun = await idempotency.begin('order', keys.running, { fingerprint: 'apples' })
        return { id: begun.status === 'inProgress' ? 'in progress' : begun.status }
      })
      return result
    },
  },
  // #endregion
})

export const isInProgress = (error: unknown): boolean =>
  ExecutionInProgressError.isInstance(error) || error instanceof IdempotencyAlreadyInProgressError
