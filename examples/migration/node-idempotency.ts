/** From @node-idempotency/core 1: each pair does the same with both libraries, and a test compares what the two answer. */
// #region create
import { randomUUID } from 'node:crypto'
import {
  createHoldfast,
  ExecutionInProgressError,
  FingerprintMismatchError,
  type Idempotency,
} from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import {
  IdempotencyError,
  IdempotencyErrorCodes,
  Idempotency as NodeIdempotency,
} from '@node-idempotency/core'
import { RedisStorageAdapter } from '@node-idempotency/storage-adapter-redis'
import type { Redis } from 'ioredis'
import type { Stage } from './stage.ts'

export interface Order {
  readonly id: string
}

const DAY_MS = 86_400_000

/** The old one. Its keys are `node-idempotency:POST:/orders:<key>`, and live for a day. */
export async function createOld(url: string) {
  const storage = new RedisStorageAdapter({ url })
  await storage.connect()
  return { old: new NodeIdempotency(storage, { cacheTTLMS: DAY_MS }), end: () => storage.disconnect() }
}

/** On the client that you have, which `close()` leaves open. */
export const createNew = (redis: Redis) => createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop' })

/** The new one, for as long as the old one remembers. */
const defineOrder = (idempotency: Idempotency) =>
  idempotency.define<{ readonly key: string; readonly cart: string }, Order>('order', {
    key: ({ key }) => key,
    fingerprint: ({ cart }) => cart,
    completedWindowMs: DAY_MS,
  })
// #endregion

const requestOf = (key: string, cart: string) => ({
  headers: { 'idempotency-key': key },
  method: 'POST',
  path: '/orders',
  body: { cart },
})

// #region old
/** As one writes it today. */
async function orderWithOld(old: NodeIdempotency, key: string, cart: string, place: () => Promise<Order>) {
  const request = requestOf(key, cart)
  const there = await old.onRequest<Order, never>(request) // throws while another one works on it
  if (there?.body !== undefined) return there.body
  const order = await place()
  await old.onResponse(request, { body: order })
  return order
}
// #endregion

// #region both
/** Holds our execution, and within it the old record. Every caller takes them in this order. */
async function orderWithBoth(
  old: NodeIdempotency,
  redis: Redis,
  job: ReturnType<typeof defineOrder>,
  key: string,
  cart: string,
  place: () => Promise<Order>,
): Promise<Order> {
  const request = requestOf(key, cart)
  const { result } = await job.run({ key, cart }, async () => {
    const there = await old.onRequest<Order, never>(request) // throws while an old process works on it
    if (there?.body !== undefined) return there.body // the record moves: from now on Holdfast has it
    let order: Order
    try {
      order = await place()
    } catch (error) {
      await redis.del(`node-idempotency:POST:/orders:${key}`) // else it would say "in progress" for a day
      throw error
    }
    // The order is placed, whatever comes of this: an old process then refuses the key until its record ends.
    await old.onResponse(request, { body: order }).catch((error: Error) => process.emitWarning(error))
    return order
  })
  return result
}
// #endregion

// #region stages
/** The one place that knows who is asked. `stage` comes from the configuration of the process. */
export function createOrders(stage: Stage, old: NodeIdempotency, redis: Redis, idempotency: Idempotency) {
  const job = defineOrder(idempotency)
  return async (key: string, cart: string, place: () => Promise<Order>): Promise<Order> => {
    if (stage === 'old') return await orderWithOld(old, key, cart, place)
    if (stage === 'both') return await orderWithBoth(old, redis, job, key, cart, place)
    return (await job.run({ key, cart }, place)).result
  }
}
// #endregion

export const nodeIdempotencyPairs = (
  old: NodeIdempotency,
  idempotency: Idempotency,
  job = defineOrder(idempotency),
  keys = { done: randomUUID(), running: randomUUID() },
) => ({
  // #region calls
  'idempotency.onRequest(request), idempotency.onResponse(request, response)': {
    before: async () => {
      const request = requestOf(keys.done, 'apples')
      const answers: unknown[] = []
      for (const id of ['first', 'second']) {
        const there = await old.onRequest<Order, never>(request)
        if (there === undefined) await old.onResponse(request, { body: { id } })
        answers.push(there?.body ?? { id })
      }
      return answers
    },
    after: async () => {
      const answers: unknown[] = []
      for (const id of ['first', 'second'])
        answers.push((await job.run({ key: keys.done, cart: 'apples' }, async () => ({ id }))).result)
      return answers
    },
  },

  IDEMPOTENCY_FINGERPRINT_MISSMATCH: {
    before: async () => {
      try {
        return await old.onRequest(requestOf(keys.done, 'pears'))
      } catch (error) {
        if (!(error instanceof IdempotencyError)) throw error
        return error.code === IdempotencyErrorCodes.IDEMPOTENCY_FINGERPRINT_MISSMATCH
          ? 'mismatch'
          : error.code
      }
    },
    after: async () => {
      try {
        return await job.run({ key: keys.done, cart: 'pears' }, async () => ({ id: 'never' }))
      } catch (error) {
        if (!FingerprintMismatchError.isInstance(error)) throw error
        return 'mismatch'
      }
    },
  },

  REQUEST_IN_PROGRESS: {
    before: async () => {
      await old.onRequest(requestOf(keys.running, 'apples'))
      try {
        return await old.onRequest(requestOf(keys.running, 'apples'))
      } catch (error) {
        if (!(error instanceof IdempotencyError)) throw error
        return error.code === IdempotencyErrorCodes.REQUEST_IN_PROGRESS ? 'in progress' : error.code
      }
    },
    after: async () => {
      const input = { key: keys.running, cart: 'apples' }
      const { result } = await job.run(input, async () => {
        // As another process would: within a body, this one's own job counts as its ancestor.
        const begun = await idempotency.begin('order', keys.running, { fingerprint: 'apples' })
        return { id: begun.status === 'inProgress' ? 'in progress' : begun.status }
      })
      return result.id
    },
  },
  // #endregion
})

/** What `run` throws where {@link nodeIdempotencyPairs} asks by `begin`. */
export const isInProgress = (error: unknown): boolean =>
  ExecutionInProgressError.isInstance(error) ||
  (error instanceof IdempotencyError && error.code === IdempotencyErrorCodes.REQUEST_IN_PROGRESS)
