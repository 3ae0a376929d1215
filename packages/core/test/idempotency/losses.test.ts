import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ExecutionLostError, IdempotencyEvent } from '@holdfast/core'
import { settle } from '../manual-runtime.ts'
import { createWorld, gate, started, watched } from './world.ts'

const losses: unknown[] = []
const listen = (event: unknown): void => {
  if ((event as IdempotencyEvent).type === 'lost') losses.push(event)
}
beforeEach(() => subscribe('holdfast:idempotency', listen))
afterEach(() => {
  unsubscribe('holdfast:idempotency', listen)
  losses.length = 0
})

const LEASE = 3_000
type World = ReturnType<typeof createWorld>
type Case = (world: World, owner: ReturnType<World['join']>) => Promise<void>

/** What takes the key from its owner, and what the owner then says. */
const cases: readonly [reason: ExecutionLostError['reason'], by: string, Case, message: string][] = [
  [
    'forgotten',
    'an operator elsewhere',
    async ({ runtime, join }) => {
      await join().idempotency.forget('job', 'k')
      await runtime.advance(LEASE / 2)
    },
    'it was forgotten: its record was removed.',
  ],
  [
    'forgotten',
    'an operator here',
    async (_, owner) => {
      await owner.idempotency.forget('job', 'k')
    },
    'it was forgotten: its record was removed.',
  ],
  [
    'vanished',
    'FLUSHALL',
    async ({ runtime, now }, owner) => {
      owner.link.once('replace', { instead: { outcome: 'conflict', entry: null, now: now() } })
      await runtime.advance(LEASE / 2)
    },
    'its record vanished from the storage (FLUSHALL, eviction, a restart or a failover).',
  ],
  [
    'takenOver',
    'another process, while this one believes',
    async ({ runtime, stepStorage, join }) => {
      stepStorage(LEASE)
      await started(join({ instance: 'heir' }).idempotency)
      await runtime.advance(LEASE / 2)
    },
    'of heir (attempt 2, started 2020-09-13T12:26:44.000Z) is executing.',
  ],
  [
    'ended',
    'a process that records that it was silent',
    async ({ runtime, stepStorage, join }) => {
      stepStorage(LEASE)
      await join().idempotency.begin('job', 'k', { onStalled: 'fail' })
      await runtime.advance(LEASE / 2)
    },
    'it was silent for its whole lease, and another process recorded that: now id',
  ],
  [
    'outage',
    'the storage',
    async ({ runtime }, owner) => {
      owner.link.blackHole = true
      await runtime.advance(LEASE)
    },
    'the storage could not be reached for its whole lease.',
  ],
  [
    'expired',
    'its process, which stood still',
    async ({ runtime }) => {
      runtime.freeze(LEASE)
    },
    'it was not renewed in time.',
  ],
]

describe('an execution that is lost says why, to its body, its caller and the channel', () => {
  it.each(cases)('%s: by %s', async (reason, _, take, message) => {
    const world = createWorld()
    const owner = world.join({ instance: 'owner' })
    const execution = await started(owner.idempotency, { leaseMs: LEASE })
    await take(world, owner)
    const told = execution.signal.reason as ExecutionLostError
    expect(told).toMatchObject({ code: 'LEASE_LOST', reason, executionId: execution.executionId })
    expect(told.message).toContain(message)
    expect(losses).toMatchObject([{ reason, error: told, attempt: 1, instance: 'owner' }])
  })

  it('the error names the successor, once that is known, and what led to the loss', async () => {
    const { runtime, join } = createWorld()
    const owner = join({ instance: 'owner' })
    const done = gate()
    const run = watched(owner.idempotency.run('job', 'k', { leaseMs: LEASE }, () => done.promise))
    await settle()
    owner.link.blackHole = true
    await runtime.advance(LEASE)
    const { executionId } = await started(join({ instance: 'heir' }).idempotency)
    owner.link.blackHole = false
    done.open()
    await settle()
    expect(run.error).toMatchObject({
      code: 'LEASE_LOST',
      reason: 'takenOver',
      cause: { code: 'STORAGE_UNAVAILABLE' },
      current: { executionId, instance: 'heir' },
    })
    expect((run.error as Error).message).toContain(`now ${executionId} of heir (attempt 2, started `)
    expect(losses).toMatchObject([{ reason: 'outage' }])
  })

  it('a body that is not renewed any more after its time says that this was why', async () => {
    const { runtime, join } = createWorld()
    const execution = await started(join().idempotency, { leaseMs: LEASE, timeoutMs: LEASE })
    await runtime.advance(3 * LEASE)
    expect(execution.signal.reason).toMatchObject({ code: 'EXECUTION_TIMEOUT' })
    const late = execution.saveCheckpoint(1)
    await expect(late).rejects.toMatchObject({ reason: 'expired', cause: { code: 'EXECUTION_TIMEOUT' } })
  })
})
