import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestRunner } from '@holdfast/core/testing'
import { until } from '../poll.ts'
import { type Access, LEASE, freshKey, start, status, tryStart, tryStatus } from './calls.ts'

/** What the owner of a running job reports, and what it notices. */
export function ownerCases({ describe, it }: TestRunner, { join }: Access): void {
  describe('progress', () => {
    it('only grows, is written at intervals, ends with the last value, and is visible to every process', async () => {
      const key = freshKey()
      const [owner, other] = [await join({ progressIntervalMs: 40 }), await join()]
      const seen: number[] = []
      const watching = (async () => {
        for await (const { progressPercentage } of other.idempotency.watch('job', key)) {
          seen.push(progressPercentage)
        }
      })()
      const execution = await start(owner.idempotency, key)
      await until(() => seen.length > 0 || undefined)
      const begunAt = performance.now()
      for (let percentage = 1; percentage <= 90; percentage += 1) {
        void execution.updateProgress(percentage, `${percentage}`)
        if (percentage % 10 === 0) void execution.updateProgress(percentage - 5, `${percentage}`)
        await delay(2)
      }
      await until(() => seen.at(-1) === 90 || undefined)
      assert.equal((await status(other.idempotency, key)).progressMessage, '90')
      await execution.markSuccess()
      await watching
      assert.deepEqual(
        seen,
        seen.toSorted((a, b) => a - b),
      )
      assert.equal(seen.at(-1), 100)
      // One per interval, and the first and the last.
      const most = (performance.now() - begunAt) / 40 + 5
      assert.ok(seen.length <= most, `${seen.length} states of 90 that were shown`)
    })
  })

  describe('the owner', () => {
    it('can be asked to stop by any process', async () => {
      const key = freshKey()
      const [owner, other] = [await join(), await join()]
      const execution = await start(owner.idempotency, key, { leaseMs: LEASE })
      assert.equal(await other.idempotency.requestCancel('job', key, { reason: 'enough' }), true)
      await until(() => execution.signal.aborted || undefined)
      assert.equal((execution.signal.reason as Error).message, 'enough')
      await execution.saveCheckpoint('so far')
      await execution.markFailure(execution.signal.reason)
      const next = await start(other.idempotency, key)
      assert.equal(next.checkpoint, 'so far')
      await next.markSuccess()
    })

    it('that dies before it notices leaves the request to the process that takes over', async () => {
      const key = freshKey()
      const [dead, other] = [await join(), await join()]
      await start(dead.idempotency, key, { leaseMs: LEASE })
      await dead.crash()
      assert.equal(await other.idempotency.requestCancel('job', key, { reason: 'enough' }), true)
      const next = await until(() => tryStart(other.idempotency, key, {}))
      assert.deepEqual([next.attempt, (next.signal.reason as Error).message], [2, 'enough'])
      await next.markFailure(next.signal.reason)
      const again = await start(other.idempotency, key)
      assert.equal(again.signal.aborted, false)
      await again.markSuccess()
    })

    it('notices that its job was forgotten', async () => {
      const key = freshKey()
      const [owner, other] = [await join(), await join()]
      const execution = await start(owner.idempotency, key, { leaseMs: LEASE })
      assert.equal(await other.idempotency.forget('job', key), true)
      await until(() => execution.signal.aborted || undefined)
      assert.equal((execution.signal.reason as { code: string }).code, 'LEASE_LOST')
      assert.equal(await other.idempotency.getExecutionStatus('job', key), null)
    })

    it('may extend its timeout, if it does so in time', async () => {
      const { idempotency } = await join()
      // A busy machine may extend too late; then the next round has more time.
      for (let [timeoutMs, isInTime] = [500, false]; !isInTime; timeoutMs *= 4) {
        const askedAt = performance.now()
        const execution = await start(idempotency, freshKey(), { timeoutMs })
        const extended = await execution.extendTimeout(60_000).then(
          () => true,
          () => false,
        )
        isInTime = performance.now() - askedAt < timeoutMs
        if (!isInTime) continue
        assert.equal(extended, true)
        await delay(timeoutMs + 100)
        assert.equal(execution.signal.aborted, false)
        await execution.markSuccess()
      }
      const late = await start(idempotency, freshKey(), { timeoutMs: 50 })
      await until(() => late.signal.aborted || undefined)
      assert.equal((late.signal.reason as { code: string }).code, 'EXECUTION_TIMEOUT')
      await late.release()
    })

    it('releases interrupted executions at shutdown, and another process continues the same attempt at once', async () => {
      const key = freshKey()
      const [owner, other] = [await join(), await join()]
      const running = owner.idempotency.run('job', key, async (execution) => {
        await execution.saveCheckpoint('half')
        const { signal } = execution
        await new Promise((resolve) => {
          if (signal.aborted) resolve(undefined)
          else signal.addEventListener('abort', resolve)
        })
        signal.throwIfAborted()
      })
      await until(async () => (await tryStatus(other.idempotency, key))?.checkpoint === 'half' || undefined)
      const waiting = other.idempotency.run(
        'job',
        key,
        { onInProgress: 'wait', maxAttempts: 1 },
        (execution) => [execution.attempt, execution.checkpoint],
      )
      await owner.idempotency.close({ graceMs: 5_000 })
      await assert.rejects(running, { code: 'CLOSED' })
      assert.deepEqual((await waiting).result, [1, 'half'])
    })
  })
}
