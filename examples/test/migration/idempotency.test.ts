/** Moving idempotency over: each pair answers the same, and who knows of whose work while old, both and new run beside each other. */
import { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { createClient } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import * as nodeIdempotency from '../../migration/node-idempotency.ts'
import * as powertools from '../../migration/powertools.ts'
import type { Stage } from '../../migration/stage.ts'
import { firstColumnOf } from './first-column.ts'

const url = process.env['REDIS_URL'] ?? ''
const redis = new Redis(url)
const client = await createClient({ url }).connect()
const { old, end } = await nodeIdempotency.createOld(url)
/** Of a Lambda's context, Powertools reads how long it may still run. */
const context = { getRemainingTimeInMillis: () => 600_000 } as powertools.Context
const holdfasts = [nodeIdempotency.createNew(redis), powertools.createNew(redis)]
const [ofNode, ofPowertools] = holdfasts.map((one) => one.idempotency) as [
  (typeof holdfasts)[number]['idempotency'],
  (typeof holdfasts)[number]['idempotency'],
]

afterAll(async () => {
  await Promise.all(holdfasts.map((one) => one.close()))
  await end()
  await client.close()
  redis.disconnect()
})

type Place = () => Promise<{ readonly id: string }>
type Start = (stage: Stage, key: string, place: Place) => Promise<{ readonly id: string }>

const LIBRARIES: Readonly<
  Record<
    string,
    {
      readonly pairs: Readonly<Record<string, { before(): unknown; after(): unknown }>>
      readonly start: Start
      readonly isInProgress: (error: unknown) => boolean
    }
  >
> = {
  'node-idempotency': {
    pairs: nodeIdempotency.nodeIdempotencyPairs(old, ofNode),
    start: (stage, key, place) =>
      nodeIdempotency.createOrders(stage, old, redis, ofNode)(key, 'apples', place),
    isInProgress: nodeIdempotency.isInProgress,
  },
  powertools: {
    pairs: powertools.powertoolsPairs(client, context, ofPowertools),
    start: (stage, key, place) =>
      powertools.createOrders(stage, client, context, ofPowertools, place)({ key, cart: 'apples' }),
    isInProgress: powertools.isInProgress,
  },
}

/** Who does not know what the first has done: that is why both are asked for a whole window. */
const STAGES = [
  ['old', 'old', true],
  ['old', 'both', true],
  ['both', 'old', true],
  ['both', 'both', true],
  ['both', 'new', true],
  ['new', 'both', true],
  ['new', 'new', true],
  ['old', 'new', false],
  ['new', 'old', false],
] as const

describe.each(Object.entries(LIBRARIES))('from %s', (library, { pairs, start, isInProgress }) => {
  it.each(Object.entries(pairs))('%s', async (_, { before, after }) => {
    expect(await after()).toEqual(await before())
  })

  it('every call of the table is a pair', () => {
    expect(firstColumnOf(`docs/migration/${library}.md`)).toEqual(Object.keys(pairs))
  })

  it.each(STAGES)('what %s has done, %s knows: %s', async (first, second, knows) => {
    const key = randomUUID()
    expect(await start(first, key, async () => ({ id: 'first' }))).toEqual({ id: 'first' })
    expect(await start(second, key, async () => ({ id: 'second' }))).toEqual({
      id: knows ? 'first' : 'second',
    })
  })

  it.each(STAGES)('while %s works, %s is refused: %s', async (first, second, refused) => {
    const key = randomUUID()
    const started = Promise.withResolvers<void>()
    const go = Promise.withResolvers<{ id: string }>()
    const one = start(first, key, () => {
      started.resolve()
      return go.promise
    })
    await started.promise
    const two = await start(second, key, async () => ({ id: 'second' })).catch((error: unknown) => error)
    expect(refused ? isInProgress(two) : two).toEqual(refused || { id: 'second' })
    go.resolve({ id: 'first' })
    expect(await one).toEqual({ id: 'first' })
  })

  it('a record that old has made moves: new knows it after both was asked for it', async () => {
    const key = randomUUID()
    for (const stage of ['old', 'both', 'new'] as const)
      expect(await start(stage, key, async () => ({ id: stage }))).toEqual({ id: 'old' })
  })

  it('a body that fails with both can be started again, by old as well', async () => {
    const key = randomUUID()
    await expect(start('both', key, () => Promise.reject(new Error('declined')))).rejects.toThrow('declined')
    expect(await start('old', key, async () => ({ id: 'again' }))).toEqual({ id: 'again' })
  })
})
