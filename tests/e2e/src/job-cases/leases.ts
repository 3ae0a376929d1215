import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExecutionSnapshot } from '@holdfast/core'
import type { TestRunner } from '@holdfast/core/testing'
import { until } from '../poll.ts'
import { type Access, LEASE, freshKey, lost, start, status, tryStart } from './calls.ts'

/** What happens to a job whose owner is slow, frozen or dead. */
export function leaseCases({ describe, it }: TestRunner, { join, storageTime }: Access): void {
  describe('a lease', () => {
    it('is kept over many of its lengths, under the same id', async () => {
      const key = freshKey()
      const [owner, other] = [await join(), await join()]
      const execution = await start(owner.idempotency, key, { leaseMs: LEASE })
      const long = (await storageTime()) + 2.5 * LEASE
      while ((await storageTime()) < long) {
        assert.equal((await other.idempotency.begin('job', key)).status, 'inProgress')
        assert.equal((await status(other.idempotency, key)).executionId, execution.executionId)
        await delay(50)
      }
      assert.equal(execution.signal.aborted, false)
      await execution.markSuccess('long')
    })

    it('does not depend on the clocks of the instances', async () => {
      const key = freshKey()
      const [behind, ahead] = [await join({ wallOffMs: -600_000 }), await join({ wallOffMs: 600_000 })]
      const first = await start(behind.idempotency, key, { leaseMs: LEASE })
      assert.equal((await ahead.idempotency.begin('job', key)).status, 'inProgress')
      await delay(LEASE)
      assert.equal((await ahead.idempotency.begin('job', key)).status, 'inProgress')
      await first.markSuccess('r')
      const replay = await ahead.idempotency.begin('job', key)
      assert.equal(replay.status, 'replayed')
      const now = await storageTime()
      assert.ok(Math.abs((await status(ahead.idempotency, key)).startTime.getTime() - now) < 60_000)
    })

    it('does not end when the wall clock of its owner is set back, again and again', async () => {
      const key = freshKey()
      let offMs = 0
      const [owner, other] = [await join({ wallOffMs: () => offMs }), await join()]
      const execution = await start(owner.idempotency, key, { leaseMs: LEASE })
      const long = (await storageTime()) + 1.5 * LEASE
      while ((await storageTime()) < long) {
        // As in autumn, each time.
        offMs -= 3_600_000
        await execution.saveCheckpoint(offMs)
        assert.equal((await other.idempotency.begin('job', key)).status, 'inProgress')
        await delay(200)
      }
      assert.equal(execution.signal.aborted, false)
      await execution.markSuccess('r')
      const { startTime, endTime } = await status(other.idempotency, key)
      assert.ok((endTime as Date).getTime() - startTime.getTime() >= 1.5 * LEASE)
      assert.ok(Math.abs((await storageTime()) - (endTime as Date).getTime()) < 60_000)
    })

    it('that is lost refuses every call, and changes nothing of the successor', async () => {
      const key = freshKey()
      const [zombie, other] = [await join(), await join()]
      const first = await start(zombie.idempotency, key, { progressIntervalMs: 0 })
      await other.idempotency.forget('job', key)
      const second = await start(other.idempotency, key)
      await second.updateProgress(70, 'mine')
      const before = await status(other.idempotency, key)
      await assert.rejects(first.updateProgress(10, 'zombie'), lost)
      assert.equal((first.signal.reason as { code: string }).code, 'LEASE_LOST')
      await assert.rejects(first.saveCheckpoint(1), lost)
      await assert.rejects(first.extendTimeout(1_000), lost)
      await assert.rejects(
        first.markSuccess('zombie'),
        (error: { code: string; current: ExecutionSnapshot }) => {
          assert.deepEqual([error.code, error.current.executionId], ['LEASE_LOST', second.executionId])
          return true
        },
      )
      await assert.rejects(first.markFailure(new Error('zombie')), lost)
      await assert.rejects(first.release(), lost)
      assert.deepEqual((await status(other.idempotency, key)).updateTime, before.updateTime)
      await second.markSuccess('mine')
    })
  })

  describe('a crash', () => {
    it('is taken over once, after the lease, as attempt 2 with the checkpoint', async () => {
      const key = freshKey()
      const dead = await join()
      const first = await start(dead.idempotency, key, { leaseMs: LEASE })
      await first.saveCheckpoint({ page: 7 })
      const renewedAt = (await status(dead.idempotency, key)).updateTime.getTime()
      await dead.crash()
      const others = await Promise.all([1, 2, 3].map(() => join()))
      const taken = await until(async () => {
        const begun = await Promise.all(others.map(({ idempotency }) => idempotency.begin('job', key)))
        const started = begun.filter((one) => one.status === 'started')
        assert.ok(started.length <= 1)
        return started[0]
      })
      const { execution } = taken
      assert.ok(execution.startTime.getTime() >= renewedAt + LEASE)
      assert.deepEqual([execution.attempt, execution.checkpoint], [2, { page: 7 }])
      assert.notEqual(execution.executionId, first.executionId)
      assert.ok(execution.fencingToken > first.fencingToken)
      await execution.markSuccess()
    })

    it('counts as an attempt, and the last one leaves the job failed as stalled', async () => {
      const key = freshKey()
      const options = { leaseMs: LEASE, maxAttempts: 2 }
      for (const attempt of [1, 2]) {
        const dead = await join()
        const execution = await until(() => tryStart(dead.idempotency, key, options))
        assert.equal(execution.attempt, attempt)
        await dead.crash()
      }
      const { idempotency } = await join()
      const failed = await until(async () => {
        const begun = await idempotency.begin('job', key, options)
        assert.notEqual(begun.status, 'started')
        return begun.status === 'failedBefore' ? begun : undefined
      })
      assert.equal((failed.error as { code?: string }).code, 'EXECUTION_STALLED')
    })

    it('fails the job, or leaves it alone, where the policy says so', async () => {
      const dead = await join()
      const keys = [freshKey(), freshKey()] as const
      for (const key of keys) await start(dead.idempotency, key, { leaseMs: LEASE })
      await dead.crash()
      const { idempotency } = await join()
      for (const key of keys) await until(async () => (await status(idempotency, key)).stalled || undefined)
      const left = await idempotency.begin('job', keys[0], { onStalled: 'reject' })
      assert.ok(left.status === 'inProgress' && left.snapshot.stalled)
      const failed = await idempotency.begin('job', keys[1], { onStalled: 'fail' })
      assert.equal(failed.status, 'failedBefore')
      assert.equal(await idempotency.isExecuting('job', keys[0]), false)
    })
  })
}
