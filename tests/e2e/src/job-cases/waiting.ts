import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestRunner } from '@holdfast/core/testing'
import { until } from '../poll.ts'
import { type Access, LEASE, freshKey, start, tryStart } from './calls.ts'

/** Duplicates that wait for the running execution. */
export function waitingCases({ describe, it }: TestRunner, { join }: Access): void {
  describe('a waiting caller', () => {
    const hintless = [undefined, 'lost', 'refused'] as const
    for (const hints of hintless) {
      it(`gets the result, whenever it is recorded (hints: ${hints ?? 'arrive'})`, async () => {
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

    it('returns when the record is removed, or starts the job itself', async () => {
      const [owner, waiter] = [await join(), await join()]
      /** The key is watched from here on, so a later waiter waits for its next change. */
      const follow = async (key: string): Promise<void> => {
        await start(owner.idempotency, key)
        const states = waiter.idempotency.watch('job', key)[Symbol.asyncIterator]()
        assert.equal((await states.next()).value?.status, 'executing')
      }
      const [seen, wanted] = [freshKey(), freshKey()]
      await follow(seen)
      const waiting = waiter.idempotency.waitForCompletion('job', seen, { waitMs: Infinity })
      await owner.idempotency.forget('job', seen)
      assert.equal(await waiting, null)
      await follow(wanted)
      const starting = waiter.idempotency.run(
        'job',
        wanted,
        { onInProgress: 'wait', waitMs: Infinity },
        () => 'by the waiter',
      )
      await owner.idempotency.forget('job', wanted)
      assert.deepEqual(await starting.then(({ status, result, attempt }) => [status, result, attempt]), [
        'executed',
        'by the waiter',
        1,
      ])
    })

    it('gets the result of the process that took over meanwhile', async () => {
      const key = freshKey()
      const [dead, waiter, other] = [await join(), await join(), await join()]
      await start(dead.idempotency, key, { leaseMs: LEASE })
      const waiting = waiter.idempotency.run('job', key, { onInProgress: 'wait', onStalled: 'reject' }, () =>
        assert.fail('ran'),
      )
      await dead.crash()
      const successor = await until(() => tryStart(other.idempotency, key, {}))
      await successor.markSuccess('of the successor')
      const { result, attempt } = await waiting
      assert.deepEqual([result, attempt], ['of the successor', 2])
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

    it('sees the progress of the execution that it waits for', async () => {
      const key = freshKey()
      const [owner, waiter] = [await join({ progressIntervalMs: 0 }), await join()]
      const execution = await start(owner.idempotency, key)
      const seen: number[] = []
      const waiting = waiter.idempotency.run(
        'job',
        key,
        {
          onInProgress: 'wait',
          waitMs: Infinity,
          onProgress: ({ progressPercentage }) => seen.push(progressPercentage),
        },
        () => assert.fail('ran twice'),
      )
      await until(() => seen.length > 0 || undefined)
      await execution.updateProgress(50)
      await until(() => seen.includes(50) || undefined)
      await execution.markSuccess('r')
      assert.equal((await waiting).result, 'r')
    })

    it('gives up at its deadline, and when its signal is aborted', async () => {
      const key = freshKey()
      const [owner, waiter] = [await join(), await join()]
      const execution = await start(owner.idempotency, key)
      await assert.rejects(
        waiter.idempotency.run('job', key, { onInProgress: 'wait', waitMs: 50 }, () => assert.fail('ran')),
        { code: 'EXECUTION_IN_PROGRESS' },
      )
      const signal = AbortSignal.timeout(50)
      await assert.rejects(
        waiter.idempotency.run('job', key, { onInProgress: 'wait', waitMs: Infinity, signal }, () =>
          assert.fail('ran'),
        ),
        { code: 'WAIT_ABORTED' },
      )
      await execution.release()
    })
  })
}
