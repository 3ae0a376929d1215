import { describe, expect, it } from 'vitest'
import {
  type Holdfast,
  HoldfastError,
  StorageRefusedError,
  StorageUnavailableError,
  createHoldfast,
  memoryStorage,
} from '../src/index.ts'

const INSTANCE = 'web-7f9c:4711'

const calls: Readonly<Record<string, (other: Holdfast) => Promise<unknown>>> = {
  LOCK_TIMEOUT: ({ locks }) => locks.acquire('stock', { waitMs: 1 }),
  EXECUTION_IN_PROGRESS: ({ idempotency }) => idempotency.run('report', 'may', () => 1),
}

describe('publicMessage', () => {
  it.each(Object.keys(calls))('of %s names no instance, unlike the message', async (code) => {
    const storage = memoryStorage()
    await using owner = createHoldfast({ storage, instance: INSTANCE })
    await using other = createHoldfast({ storage })
    await using _lease = await owner.locks.acquire('stock')
    await using _execution = await owner.idempotency.tryStartExecution('report', 'may')
    const error: unknown = await calls[code]?.(other).catch((reason: unknown) => reason)
    if (!HoldfastError.isInstance(error)) throw error
    const names = [error.message, error.publicMessage].map((text) => text.includes(INSTANCE))
    expect([error.code, ...names]).toEqual([code, true, false])
  })

  it('of what a storage said names no server', () => {
    const said = 'connect ECONNREFUSED 10.0.0.7:6379'
    const errors = [new StorageUnavailableError(said, { maybeApplied: false }), new StorageRefusedError(said)]
    for (const { message, publicMessage } of errors) {
      expect(message).toBe(said)
      expect(publicMessage).not.toContain('10.0.0.7')
    }
  })

  it('is the message where that names neither', () => {
    expect(new HoldfastError('CLOSED', 'as it is').publicMessage).toBe('as it is')
  })
})
