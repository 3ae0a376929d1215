import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { TestRunner } from '@holdfast/core/testing'
import { until } from '../poll.ts'
import { type Access, freshKey, start, status } from './calls.ts'

/** The recorded ends of jobs. */
export function endingCases({ describe, it }: TestRunner, { join, storageTime }: Access): void {
  describe('a result', () => {
    const values: readonly [string, unknown][] = [
      ['nothing', undefined],
      ['null', null],
      ['a date', new Date(86_400_001)],
      ['bytes', Buffer.from([0, 1, 254, 255])],
      ['a large text', 'é'.repeat(100_000)],
      ['odd numbers', [2 ** 53 + 2, -0, Number.NaN]],
      ['empty things', [{}, [], '']],
    ]
    for (const [name, value] of values) {
      it(`is replayed unchanged: ${name}`, async () => {
        const key = freshKey()
        await (await join()).idempotency.run('job', key, () => value)
        const replay = await (await join()).idempotency.run('job', key, () => 'ran twice')
        assert.deepEqual(replay.result, value)
      })
    }

    it('that cannot be stored is a tombstone, and the job is not run again', async () => {
      const { idempotency } = await join({ maxResultBytes: 100 })
      for (const [value, omitted] of [
        ['x'.repeat(101), 'too-large'],
        [() => 1, 'unserializable'],
      ] as const) {
        const key = freshKey()
        await idempotency.run('job', key, () => value)
        await assert.rejects(
          idempotency.run('job', key, () => assert.fail('ran twice')),
          {
            code: 'RESULT_NOT_STORED',
          },
        )
        assert.equal((await status(idempotency, key)).resultOmitted, omitted)
      }
    })

    it('may be stored elsewhere', async () => {
      const key = freshKey()
      const kept = new Map<string, unknown>()
      const references = {
        save: async (result: unknown) => (kept.set('ref', result), 'ref'),
        load: async (reference: string) => kept.get(reference),
      }
      const { idempotency } = await join({ maxResultBytes: 10, onResultTooLarge: 'reference', references })
      await idempotency.run('job', key, () => 'a result of many bytes')
      const replay = await idempotency.run('job', key, () => 'ran twice')
      assert.equal(replay.result, 'a result of many bytes')
    })
  })

  describe('a failure', () => {
    it('is run again, or not, as the error says', async () => {
      const key = freshKey()
      const { idempotency } = await join()
      const first = await start(idempotency, key)
      await first.markFailure(new Error('later'), { retryAfterMs: 150 })
      const retryAt = (await status(idempotency, key)).updateTime.getTime() + 150
      const second = await until(async () => {
        const before = await storageTime()
        const begun = await idempotency.begin('job', key)
        if ((await storageTime()) < retryAt) {
          assert.ok(begun.status === 'failedBefore' && (begun.retryAfterMs ?? 0) > 0)
        }
        // Both instants are whole milliseconds, and what they were cut from is not.
        if (before > retryAt) assert.equal(begun.status, 'started')
        return begun.status === 'started' ? begun.execution : undefined
      })
      assert.equal(second.attempt, 2)
      await second.markFailure(new Error('never'), { final: true })
      await delay(20)
      const final = await idempotency.begin('job', key)
      assert.ok(final.status === 'failedBefore' && final.error.message === 'never')
    })

    it('is replayed with name, message, code and cause', async () => {
      const key = freshKey()
      const { idempotency } = await join()
      const thrown = Object.assign(new TypeError('é "quoted"', { cause: new RangeError('inner') }), {
        code: 'E_1',
      })
      await assert.rejects(
        idempotency.run('job', key, () => Promise.reject(thrown)),
        thrown,
      )
      await assert.rejects(
        (await join()).idempotency.run('job', key, { onFailed: 'replay' }, () => 1),
        (error: Error & { code: string }) => {
          const { name, message, code, cause, stack } = error
          assert.deepEqual([name, message, code, stack], ['TypeError', 'é "quoted"', 'E_1', thrown.stack])
          assert.equal((cause as Error).message, 'inner')
          return true
        },
      )
    })
  })
}
