import { HoldfastError, type Storage, createHoldfast, memoryStorage } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { type ClientFault, ClientFaults } from '@holdfast/test-support/client-faults'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'

const server = await startRedis()
const ioredis = new Redis(server.url)
ioredis.on('error', () => {})
const nodeRedis = createClient({ url: server.url })
await nodeRedis.on('error', () => {}).connect()
afterAll(async () => {
  ioredis.disconnect()
  nodeRedis.destroy()
  await server.stop()
})

const faults: readonly ClientFault[] = ['never', 'unsent', 'late', 'twice', 'swapped', 'throws', 'rejects']
/** Of TIME: no other command is answered so. */
const otherAnswer = ['1700000000', '1']

const memory = memoryStorage()
const facets = {
  records: ['put', 'compareAndDelete', 'read', 'list', 'subscribe'],
  leases: ['acquire', 'release', 'extend', 'reapExpired', 'revoke', 'inspect', 'listen'],
  values: ['get', 'set', 'remove', 'reserve', 'replace', 'removeIf'],
} as const
const storages: Readonly<Record<string, (faulty: ClientFaults) => Storage>> = {
  // Without a client in between, core gets every answer: it cannot recognise another call's answer there.
  memory: (faulty) => ({
    ...faulty.over(memory, ['time', 'verify'], 0),
    records: faulty.over(memory.records, facets.records, undefined),
    leases: faulty.over(memory.leases, facets.leases, undefined),
    values: faulty.over(memory.values, facets.values, undefined),
    time: () => faulty.over(memory, ['time'], 0).time(),
    verify: () => faulty.over(memory, ['verify'], []).verify(),
  }),
  ioredis: (faulty) => ioredisStorage(faulty.over(ioredis, ['call'], otherAnswer)),
  redis: (faulty) => nodeRedisStorage(faulty.over(nodeRedis, ['sendCommand'], otherAnswer)),
}

/** Core passes on what a storage throws; a storage translates what its client throws. */
function isFaultOf(storage: Storage, error: unknown): boolean {
  return (
    storage.connection === memory.connection &&
    error instanceof Error &&
    / no state to send/.test(error.message)
  )
}

/** Drives every facet. Every reported fault is an error of the family; which one does not matter here. */
async function everything(storage: Storage, name: string, faulty: ClientFaults): Promise<void> {
  // For after, so that what this one closes stays open.
  const done = storage.retain()
  const holdfast = createHoldfast({
    storage,
    callTimeoutMs: 150,
    idempotency: { leaseMs: 600 },
    locks: { leaseMs: 600, claimMs: 100 },
  })
  const { locks, idempotency, cache } = holdfast
  const told: unknown[] = []
  const step = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => told.push(error))
  }
  await step(() => locks.inspect(name))
  await step(async () => {
    const lease = await locks.acquire(name, { waitMs: 200 })
    const next = locks.acquire(name, { waitMs: 200 })
    next.catch(() => {})
    await step(() => lease.extend(100))
    await step(() => lease.release())
    await step(async () => await (await next).release())
  })
  await step(() => locks.revoke(name))
  await step(() => idempotency.run('job', name, async (execution) => await execution.updateProgress(1)))
  await step(async () => {
    const execution = await idempotency.tryStartExecution('job', `${name}-2`)
    await step(() => idempotency.waitForCompletion('job', `${name}-2`, { waitMs: 100 }))
    await step(async () => await execution?.release())
  })
  await step(() => idempotency.list('job', { limit: 1 }))
  await step(() => idempotency.forget('job', `${name}-2`))
  await step(() => cache.set(name, 1))
  await step(() => cache.get(name))
  await step(() => cache.getOrCreate(`${name}-2`, () => 1))
  await step(() => cache.remove(name))
  expect((await holdfast.health()).connection).toBe('ready')
  await holdfast.close()
  faulty.calm()
  // Nothing is left that blocks later calls.
  await using after = createHoldfast({ storage, callTimeoutMs: 20_000 })
  done()
  expect(await after.locks.run(name, { waitMs: 20_000 }, () => 'mine')).toBe('mine')
  const job = after.idempotency.run('job', `${name}-2`, { onInProgress: 'wait', waitMs: 20_000 }, () => 1)
  expect((await job).result).toBe(1)
  expect(await after.cache.getOrCreate(`${name}-3`, () => 'loaded')).toBe('loaded')
  expect(told.filter((error) => !HoldfastError.isInstance(error) && !isFaultOf(storage, error))).toEqual([])
}

/** All of them over one client: what differs between clients is below, in what they make of a call that is thrown or cut. */
function kindsOf(client: string): readonly ClientFault[] {
  if (client === 'memory') return ['never', 'unsent', 'late', 'twice', 'throws']
  return client === 'ioredis' ? faults : ['never', 'swapped', 'throws']
}

describe.each(Object.entries(storages))('%s', (client, storageOver) => {
  const kinds = faults.filter((fault) => kindsOf(client).includes(fault))
  it.each(kinds)('one call of it, whichever it is: %s', async (fault) => {
    const fine = new ClientFaults(fault, -1)
    await everything(storageOver(fine), `${client}-${fault}`, fine)
    const each = Array.from({ length: fine.calls }, async (_, at) => {
      const faulty = new ClientFaults(fault, at)
      await everything(storageOver(faulty), `${client}-${fault}-${at}`, faulty)
    })
    await Promise.all(each)
  })
})
