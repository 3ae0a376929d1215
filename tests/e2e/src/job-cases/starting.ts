import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestRunner } from '@holdfast/core/testing'
import { until } from '../poll.ts'
import { type Access, freshKey, start, status } from './calls.ts'

/** Which caller may start a job, and when it runs again. */
export function startingCases({ describe, it }: TestRunner, { join, storageTime }: Access): void {
  describe('a job', () => {
    it('starts, completes and is replayed, in every instance', async () => {
      const key = freshKey()
      const [one, two] = [await join(), await join()]
      const first = await one.idempotency.run('job', key, async ({ attempt }) => ({
        attempt,
        at: new Date(7),
      }))
      assert.deepEqual([first.status, first.result], ['executed', { attempt: 1, at: new Date(7) }])
      const replay = await two.idempotency.run('job', key, () => assert.fail('ran twice'))
      assert.deepEqual(replay, { ...first, status: 'replayed', replay: 'stored' })
      assert.equal(await two.idempotency.tryStartExecution('job', key), null)
    })

    it('is not started within its window, and is after it, by the clock of the storage', async () => {
      const key = freshKey()
      const { idempotency } = await join({ completedWindowMs: 150 })
      await idempotency.run('job', key, () => 1)
      const done = await status(idempotency, key)
      const end = (done.endTime as Date).getTime() + 150
      const started = await until(async () => {
        const before = await storageTime()
        const begun = await idempotency.begin('job', key)
        const after = await storageTime()
        if (after < end) assert.equal(begun.status, 'replayed')
        // Stamps are whole milliseconds, so a window may last up to two more; it is never shorter.
        if (before >= end + 2) assert.equal(begun.status, 'started')
        return begun.status === 'started' ? begun.execution : undefined
      })
      assert.equal(started.attempt, 1)
      assert.ok(started.startTime.getTime() >= end)
      await started.release()
    })

    it('starts once for any number of concurrent callers', async () => {
      const key = freshKey()
      const instances = await Promise.all(Array.from({ length: 4 }, () => join()))
      let runs = 0
      const results = await Promise.all(
        instances.flatMap(({ idempotency }) =>
          Array.from({ length: 10 }, () =>
            idempotency.run('job', key, { onInProgress: 'wait' }, async () => {
              runs += 1
              await delay(30)
              return 'r'
            }),
          ),
        ),
      )
      assert.equal(runs, 1)
      assert.ok(results.every(({ result }) => result === 'r'))
      assert.equal(results.filter(({ status }) => status === 'executed').length, 1)
    })

    it('within a job is linked to it, and runs once with it', async () => {
      const key = freshKey()
      const [one, two] = [await join(), await join()]
      const outer = await one.idempotency.run('job', key, async () => {
        const inner = await one.idempotency.run('inner', key, () => 'within')
        // Another instance, and the same chain of calls.
        const again = await two.idempotency.run('inner', key, () => assert.fail('ran twice'))
        assert.deepEqual([inner.status, again.status, again.result], ['executed', 'replayed', 'within'])
        await assert.rejects(
          two.idempotency.run('job', key, { onInProgress: 'wait' }, () => assert.fail('ran within itself')),
          { code: 'SELF_DEADLOCK' },
        )
        return inner.executionId
      })
      const inner = await two.idempotency.getExecutionStatus('inner', key)
      assert.deepEqual([inner?.executionId, inner?.parentExecutionId], [outer.result, outer.executionId])
      assert.equal((await status(two.idempotency, key)).parentExecutionId, null)
    })

    it('of the same key under another name is another job', async () => {
      const key = freshKey()
      const { idempotency } = await join()
      const [a, b] = ['a', 'b'].map((name) => idempotency.define<string, string>(name, { key: (id) => id }))
      assert.equal((await a?.run(key, () => 'from a'))?.result, 'from a')
      assert.equal((await b?.run(key, () => 'from b'))?.result, 'from b')
    })

    it('of the same key with other input is a mismatch in every state, and nothing changes', async () => {
      const key = freshKey()
      const [one, two] = [await join(), await join()]
      const fingerprint = { order: 1 }
      const mismatch = async (): Promise<void> => {
        const before = await status(one.idempotency, key)
        const begun = await two.idempotency.begin('job', key, { fingerprint: { order: 2 } })
        assert.equal(begun.status, 'mismatch')
        assert.deepEqual((await status(one.idempotency, key)).updateTime, before.updateTime)
      }
      const first = await start(one.idempotency, key, { fingerprint })
      await mismatch()
      await first.markFailure(new Error('x'))
      await mismatch()
      const second = await start(one.idempotency, key, { fingerprint })
      await second.markSuccess(1)
      await mismatch()
      assert.equal((await two.idempotency.begin('job', key, { fingerprint })).status, 'replayed')
    })
  })
}
