import assert from 'node:assert/strict'
import { until } from '@holdfast/test-support/servers'
import type { MixedCase } from '../deploy.ts'
import { PeerError } from '../peer-process.ts'
import type { Inside } from '../peer/jobs.ts'
import type { SaidError } from '../peer/said.ts'
import { everything, failure } from './values.ts'

/** Long enough to hold a job with, for a process that is about to be killed. */
const SHORT_LEASE = { leaseMs: 1_500 }
/** A busy machine does not lose it, and its owner looks for what others want of it every two seconds. */
const WATCHFUL = { leaseMs: 6_000 }
const WAIT = { onInProgress: 'wait', waitMs: 60_000 } as const

export const jobCases: readonly MixedCase[] = [
  {
    name: 'a result is replayed, whatever kinds of values it has',
    async run({ first, second, name }) {
      const key = name('replayed')
      const executed = await first.call('run', 'replay', key, { result: everything })
      assert.deepEqual(executed, { status: 'executed', result: everything })
      const replayed = await second.call('run', 'replay', key, { result: 'run once more' })
      assert.deepEqual(replayed, { status: 'replayed', result: everything })
      const status = await second.call('status', 'replay', key)
      assert.deepEqual(
        [status?.status, status?.result, status?.instance],
        ['completed', everything, `on ${first.version}`],
      )
      const list = await second.call('list', 'replay')
      assert.ok(list.isListed && list.keys.includes(key))
    },
  },
  {
    name: 'a failure is replayed with its name, code and cause, or is the attempt before the next',
    async run({ first, second, name }) {
      const key = name('failed')
      await assert.rejects(first.call('run', 'fail', key, { checkpoint: everything, fails: failure }))
      await assert.rejects(
        second.call('run', 'fail', key, { result: 1 }, { onFailed: 'replay' }),
        (error) => {
          assert.ok(error instanceof PeerError && error.cause instanceof PeerError)
          const { name: named, message, code, cause } = error
          assert.deepEqual({ name: named, message, code, why: cause.message }, failure)
          return true
        },
      )
      assert.equal((await second.call('run', 'fail', key, { result: 2 })).status, 'executed')
      const inside = await second.heard<Inside>('inside', key)
      assert.deepEqual([inside.attempt, inside.checkpoint], [2, everything])
    },
  },
  {
    name: 'what a process had begun that was killed goes on from its checkpoint, under a higher fencing token',
    async run({ second, name, another }) {
      const key = name('taken over')
      const dying = await another()
      const body = { progress: [40, 'halfway'], checkpoint: everything, holds: true } as const
      const lost = assert.rejects(dying.call('run', 'takeover', key, body, SHORT_LEASE))
      const before = await dying.heard<Inside>('inside', key)
      const taken = second.call('run', 'takeover', key, { result: 'by the other' }, WAIT)
      await dying.kill()
      await lost
      assert.deepEqual(await taken, { status: 'executed', result: 'by the other' })
      const after = await second.heard<Inside>('inside', key)
      assert.deepEqual([before.attempt, after.attempt, after.checkpoint], [1, 2, everything])
      assert.ok(after.fencingToken > before.fencingToken)
    },
  },
  {
    name: 'what a process releases when it is closed goes on as the same attempt',
    async run({ second, name, another }) {
      const key = name('released')
      const closing = await another()
      const released = assert.rejects(
        closing.call('run', 'release', key, { checkpoint: everything, holds: true }),
      )
      const before = await closing.heard<Inside>('inside', key)
      const taken = second.call('run', 'release', key, { result: 'continued' }, WAIT)
      await closing.call('close')
      await released
      assert.deepEqual(await taken, { status: 'executed', result: 'continued' })
      const after = await second.heard<Inside>('inside', key)
      assert.deepEqual([after.attempt, after.checkpoint], [1, everything])
      assert.ok(after.fencingToken > before.fencingToken)
    },
  },
  {
    name: 'callers wait for a job of the other version, watch its progress, and get its result',
    async run({ first, second, name }) {
      const key = name('watched')
      const watched = second.call('watch', 'watch', key)
      const body = { progress: [30, 'a third'], holds: true, result: everything } as const
      const running = first.call('run', 'watch', key, body)
      await first.heard('inside', key)
      const waiting = second.call('run', 'watch', key, { result: 'twice' }, WAIT)
      const completion = second.call('waitFor', 'watch', key)
      while ((await second.heard('seen', key)) !== 30);
      await first.call('go', key)
      assert.deepEqual(await running, { status: 'executed', result: everything })
      assert.deepEqual(await waiting, { status: 'replayed', result: everything })
      const end = await completion
      assert.deepEqual([end?.status, end?.result], ['completed', everything])
      const seen = await watched
      assert.ok(seen.some(({ progressMessage }) => progressMessage === 'a third'))
      assert.deepEqual([seen.at(-1)?.status, seen.at(-1)?.progressPercentage], ['completed', 100])
    },
  },
  {
    name: 'a job is cancelled',
    async run({ first, second, name }) {
      const key = name('cancelled')
      const running = first.call('run', 'cancel', key, { holds: true }, WATCHFUL)
      running.catch(() => {})
      await first.heard('inside', key)
      assert.equal(await second.call('cancel', 'cancel', key, 'no longer wanted'), true)
      await assert.rejects(running, { code: 'EXECUTION_CANCELLED', message: 'no longer wanted' })
      const status = await second.call('status', 'cancel', key)
      assert.deepEqual([status?.status, status?.cancelRequested], ['failed', 'no longer wanted'])
    },
  },
  {
    name: 'a job is forgotten, and its owner learns that',
    async run({ first, second, name }) {
      const key = name('forgotten')
      const lost = assert.rejects(first.call('run', 'forget', key, { holds: true }, WATCHFUL))
      await first.heard('inside', key)
      assert.equal(await second.call('forget', 'forget', key), true)
      const { code, reason } = await first.heard<SaidError>('aborted', key)
      assert.deepEqual([code, reason], ['LEASE_LOST', 'forgotten'])
      await lost
      assert.equal((await second.call('run', 'forget', key, { result: 1 })).status, 'executed')
    },
  },
  {
    name: 'the same key with other input is refused, and with the same input is not',
    async run({ first, second, name }) {
      const key = name('input')
      const { date, bytes, big } = everything
      const input = { fingerprint: { cart: [1, 'two', { z: null, a: date }], bytes, big } }
      await first.call('run', 'input', key, { result: 1 }, input)
      assert.equal((await second.call('run', 'input', key, {}, input)).status, 'replayed')
      await assert.rejects(second.call('run', 'input', key, {}, { fingerprint: { cart: [2] } }), {
        code: 'FINGERPRINT_MISMATCH',
      })
    },
  },
  {
    name: 'a slot of a schedule is one job',
    async run({ first, second, name }) {
      const type = name('nightly')
      const slot = { everyMs: 3_600_000, id: '2026-11-29' }
      const done = [first, second, first, second].map(
        async (peer) => await peer.call('runInSlot', type, slot, {}),
      )
      assert.deepEqual((await Promise.all(done)).toSorted(), ['executed', 'skipped', 'skipped', 'skipped'])
    },
  },
  {
    name: 'of many starts at once, in both, one executes',
    async run({ first, second, name }) {
      const key = name('at once')
      const starts = Array.from({ length: 20 }, async (_, i) => {
        const peer = i % 2 === 0 ? first : second
        return await peer.call('run', 'at once', key, { result: everything }, WAIT)
      })
      const ended = await Promise.all(starts)
      assert.equal(ended.filter(({ status }) => status === 'executed').length, 1)
      for (const { result } of ended) assert.deepEqual(result, everything)
      await until(
        'all know its end',
        async () => (await second.call('status', 'at once', key))?.status === 'completed',
      )
    },
  },
]
