import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestRunner } from '@holdfast/core/testing'
import { until } from '../poll.ts'
import { type Access, LEASE, freshKey, start } from './calls.ts'

/** Duplicates that wait for the one that runs. */
export function waitingCases({ describe, it }: TestRunner, { join }: Access): void {
  describe('somebody who waits', () => {
    const hintless = [undefined, 'lost', 'refused'] as const
    for (const hints of hintless) {
      it(`has the result, whenever it comes (hints: ${hints ?? 'arrive'})`, async () => {
        const owner = await join()
        const waiter = await join(hints === undefined ? {} : { hints })
        for (const endsAfterMs of hints === undefined ? [0, 1, 2, 3, 5, 8, 13, 40] : [40]) {
          const key = freshKey()
          const execution = await start(owner.idempotency, key)
          const waiting = waiter.idempotency.run('job', key, { onInProgress: 'wait' }, () =>
            assert.fail('ran'),
          )
          if (endsAfterMs > 0) await delay(endsAfterMs)
          await execution.markSuccess(endsAfterMs)
          assert.deepEqual((await waiting).result, endsAfterMs)
        }
      })
    }

    it('is told when the record is removed, or starts the job itself', async () => {
      const key = freshKey()
      const [owner, waiter] = [await join(), await join()]
      await start(owner.idempotency, key)
      const waiting = waiter.idempotency.waitForCompletion('job', key)
      const starting = waiter.idempotency.run('job', key, { onInProgress: 'wait' }, ({ attempt }) => attempt)
      await delay(20)
      await owner.idempotency.forget('job', key)
      const ended = await waiting
      assert.ok(ended === null || ended.status === 'completed' || ended.status === 'executing')
      assert.equal((await starting).result, 1)
    })

    it('takes over from a dead owner', async () => {
      const key = freshKey()
      const dead = await join()
      await start(dead.idempotency, key, { leaseMs: LEASE })
      const waiter = await join()
      const waiting = waiter.idempotency.run('job', key, { onInProgress: 'wait' }, ({ attempt }) => attempt)
      await dead.crash()
      assert.equal((await waiting).result, 2)
    })

    it('sees the progress of the one it is attached to', async () => {
      const key = freshKey()
      const [owner, waiter] = [await join({ progressIntervalMs: 0 }), await join()]
      const execution = await start(owner.idempotency, key)
      const seen: number[] = []
      const waiting = waiter.idempotency.run(
        'job',
        key,
        { onInProgress: 'attach', onProgress: ({ progressPercentage }) => seen.push(progressPercentage) },
        () => assert.fail('ran twice'),
      )
      await until(() => seen.length > 0 || undefined)
      await execution.updateProgress(50)
      await until(() => seen.includes(50) || undefined)
      await execution.markSuccess('r')
      assert.equal((await waiting).result, 'r')
    })

    it('gives up at its deadline, and when it is told to', async () => {
      const key = freshKey()
      const [owner, waiter] = [await join(), await join()]
      const execution = await start(owner.idempotency, key)
      await assert.rejects(
        waiter.idempotency.run('job', key, { onInProgress: 'wait', waitMs: 50 }, () => assert.fail('ran')),
        { code: 'EXECUTION_IN_PROGRESS' },
      )
      const signal = AbortSignal.timeout(50)
      await assert.rejects(
        waiter.idempotency.run('job', key, { onInProgress: 'attach', signal }, () => assert.fail('ran')),
        { code: 'WAIT_ABORTED' },
      )
      await execution.release()
    })
  })
}
