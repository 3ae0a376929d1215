import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { ExecutionContext, ExecutionSnapshot, Idempotency, StartOptions } from '@holdfast/core'
import type { TestRunner } from '@holdfast/core/testing'
import type { JobWorld } from './job-world.ts'
import { until } from './poll.ts'

/** Short enough to wait for, long enough for a busy machine to renew in time. */
const LEASE = 3_000

const lost = { code: 'LEASE_LOST' }

/** What jobs have to stand, whatever keeps their state. */
export function jobCases(
  { describe, it, beforeAll, afterAll }: TestRunner,
  open: () => Promise<JobWorld>,
): void {
  let world: JobWorld
  beforeAll(async () => {
    world = await open()
  })
  afterAll(async () => world.close())

  const join: JobWorld['join'] = (options) => world.join(options)
  const freshKey = (): string => randomUUID()

  describe('a job', () => {
    it('begins, completes and is replayed, everywhere', async () => {
      const key = freshKey()
      const [one, two] = [await join(), await join()]
      const first = await one.idempotency.run('job', key, async ({ attempt }) => ({
        attempt,
        at: new Date(7),
      }))
      assert.deepEqual([first.status, first.result], ['executed', { attempt: 1, at: new Date(7) }])
      const replay = await two.idempotency.run('job', key, () => assert.fail('ran twice'))
      assert.deepEqual(replay, { ...first, status: 'replayed' })
      assert.equal(await two.idempotency.tryStartExecution('job', key), null)
    })

    it('is not started within its window, and is after it, by the clock of the storage', async () => {
      const key = freshKey()
      const { idempotency } = await join({ completedWindowMs: 150 })
      await idempotency.run('job', key, () => 1)
      const done = await status(idempotency, key)
      const end = (done.endTime as Date).getTime() + 150
      const started = await until(async () => {
        const before = await world.now()
        const begun = await idempotency.begin('job', key)
        const after = await world.now()
        if (after < end) assert.equal(begun.status, 'replayed')
        if (before >= end) assert.equal(begun.status, 'started')
        return begun.status === 'started' ? begun.execution : undefined
      })
      assert.equal(started.attempt, 1)
      assert.ok(started.startTime.getTime() >= end)
      await started.release()
    })

    it('starts once, whoever asks at the same time', async () => {
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
        const before = await world.now()
        const begun = await Promise.all(others.map(({ idempotency }) => idempotency.begin('job', key)))
        const started = begun.filter((one) => one.status === 'started')
        assert.ok(started.length <= 1)
        if (before < renewedAt + LEASE - 200) assert.equal(started.length, 0)
        return started[0]
      })
      assert.ok((await world.now()) >= renewedAt + LEASE)
      const { execution } = taken
      assert.deepEqual([execution.attempt, execution.checkpoint], [2, { page: 7 }])
      assert.notEqual(execution.executionId, first.executionId)
      assert.ok(execution.fencingToken > first.fencingToken)
      await execution.markSuccess()
    })

    it('counts as an attempt, and the last one leaves the job failed as stalled', async () => {
      const key = freshKey()
      const options = { leaseMs: 150, maxAttempts: 2 }
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

    it('is failed, or left alone, where the policy says so', async () => {
      const dead = await join()
      const keys = [freshKey(), freshKey()] as const
      for (const key of keys) await start(dead.idempotency, key, { leaseMs: 150 })
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

  describe('a lease', () => {
    it('is kept over many of its lengths, under the same id', async () => {
      const key = freshKey()
      const [owner, other] = [await join(), await join()]
      const execution = await start(owner.idempotency, key, { leaseMs: LEASE })
      const long = (await world.now()) + 2.5 * LEASE
      while ((await world.now()) < long) {
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
      const now = await world.now()
      assert.ok(Math.abs((await status(ahead.idempotency, key)).startTime.getTime() - now) < 60_000)
    })

    it('that is gone refuses everything, and changes nothing of the successor', async () => {
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

  describe('progress', () => {
    it('only grows, is thinned out, ends with the last, and everybody sees it', async () => {
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
      // One an interval, and those of the beginning and the end.
      const most = (performance.now() - begunAt) / 40 + 5
      assert.ok(seen.length <= most, `${seen.length} states of 90 that were shown`)
    })
  })

  describe('a failure', () => {
    it('is run again, or not, as it says', async () => {
      const key = freshKey()
      const { idempotency } = await join()
      const first = await start(idempotency, key)
      await first.markFailure(new Error('later'), { retryAfterMs: 150 })
      const retryAt = (await status(idempotency, key)).updateTime.getTime() + 150
      const second = await until(async () => {
        const before = await world.now()
        const begun = await idempotency.begin('job', key)
        if ((await world.now()) < retryAt) {
          assert.ok(begun.status === 'failedBefore' && (begun.retryAfterMs ?? 0) > 0)
        }
        if (before >= retryAt) assert.equal(begun.status, 'started')
        return begun.status === 'started' ? begun.execution : undefined
      })
      assert.equal(second.attempt, 2)
      await second.markFailure(new Error('never'), { final: true })
      await delay(20)
      const final = await idempotency.begin('job', key)
      assert.ok(final.status === 'failedBefore' && final.error.message === 'never')
    })

    it('comes back with name, message, code and cause', async () => {
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
      it(`comes back the same: ${name}`, async () => {
        const key = freshKey()
        await (await join()).idempotency.run('job', key, () => value)
        const replay = await (await join()).idempotency.run('job', key, () => 'ran twice')
        assert.deepEqual(replay.result, value)
      })
    }

    it('that cannot be kept is a tombstone, and the job is not run again', async () => {
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

    it('may live elsewhere', async () => {
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

  describe('the owner', () => {
    it('is asked to stop, by anybody', async () => {
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

    it('learns that its job was forgotten', async () => {
      const key = freshKey()
      const [owner, other] = [await join(), await join()]
      const execution = await start(owner.idempotency, key, { leaseMs: LEASE })
      assert.equal(await other.idempotency.forget('job', key), true)
      await until(() => execution.signal.aborted || undefined)
      assert.equal((execution.signal.reason as { code: string }).code, 'LEASE_LOST')
      assert.equal(await other.idempotency.getExecutionStatus('job', key), null)
    })

    it('may have more time, when it asks in time', async () => {
      const key = freshKey()
      const { idempotency } = await join()
      const execution = await start(idempotency, key, { timeoutMs: 2_000 })
      await execution.extendTimeout(60_000)
      await delay(2_100)
      assert.equal(execution.signal.aborted, false)
      await execution.markSuccess()
      const late = await start(idempotency, freshKey(), { timeoutMs: 50 })
      await until(() => late.signal.aborted || undefined)
      assert.equal((late.signal.reason as { code: string }).code, 'EXECUTION_TIMEOUT')
      await late.release()
    })

    it('gives back at shutdown what it interrupted, and another goes on at once with the same attempt', async () => {
      const key = freshKey()
      const [owner, other] = [await join(), await join()]
      const running = owner.idempotency.run('job', key, async (execution) => {
        await execution.saveCheckpoint('half')
        await new Promise((_, reject) => {
          execution.signal.addEventListener('abort', () => reject(execution.signal.reason as Error))
        })
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

async function start(
  idempotency: Idempotency,
  key: string,
  options: StartOptions = {},
): Promise<ExecutionContext> {
  const begun = await idempotency.begin('job', key, options)
  assert.equal(begun.status, 'started')
  return (begun as { execution: ExecutionContext }).execution
}

async function tryStart(
  idempotency: Idempotency,
  key: string,
  options: StartOptions,
): Promise<ExecutionContext | undefined> {
  const begun = await idempotency.begin('job', key, options)
  return begun.status === 'started' ? begun.execution : undefined
}

async function tryStatus(idempotency: Idempotency, key: string): Promise<ExecutionSnapshot | null> {
  return idempotency.getExecutionStatus('job', key)
}

async function status(idempotency: Idempotency, key: string): Promise<ExecutionSnapshot> {
  const snapshot = await tryStatus(idempotency, key)
  assert.ok(snapshot, 'nothing is stored')
  return snapshot
}
