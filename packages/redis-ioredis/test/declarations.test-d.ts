/**
 * Compiled, never run: an application that emits declarations can export what it makes and what it is answered, without
 * naming a type. (That fails where such a type is not exported: TS2883.)
 */
import { createCache, createHoldfast, createIdempotency, createLocks, memoryStorage } from '@holdfast/core'

const storage = memoryStorage()

export const cache = createCache(storage)
export const holdfast = createHoldfast({ storage })
export const idempotency = createIdempotency(storage)
export const locks = createLocks(storage)
export const job = idempotency.define('a', { key: (input: string) => input })
export const semaphore = locks.semaphore('a', { permits: 2 })

export const health = () => holdfast.health()
export const stats = () => cache.stats()
export const lease = () => locks.acquire('a')
export const leases = () => locks.acquireAll(['a'])
export const view = () => locks.inspect('a')
export const locked = () => locks.run('a', { whenHeld: 'skip' }, () => 1)
export const released = async () => (await locks.acquire('a')).release()
export const begun = () => idempotency.begin('a', 'b')
export const started = () => idempotency.tryStartExecution('a', 'b')
export const skipped = () => idempotency.run('a', 'b', { onInProgress: 'skip' }, () => 1)
export const slot = () => idempotency.oncePerSlot('a', { everyMs: 1_000 }, () => 1)
export const page = () => idempotency.list('a')
export const snapshot = () => idempotency.waitForCompletion('a', 'b')
export const states = () => job.watch('a')
