import { beforeEach, describe, expect, it } from 'vitest'
import { TimerQueue } from '../src/support/timer-queue.ts'
import { HoldfastError, StorageUnavailableError } from '../src/errors.ts'
import { LeaseDeadline } from '../src/lease-deadline.ts'
import { LeaseKeeper, type LeaseOwner } from '../src/lease-keeper.ts'
import { memoryStorage } from '../src/memory/memory-storage.ts'
import { instant } from '../src/support/runtime.ts'
import { StorageClient } from '../src/support/storage-client.ts'
import { type ManualRuntime, manualRuntime } from './manual-runtime.ts'

const LEASE = 12_000

let runtime: ManualRuntime
let grantedAt: number
/** The calls that the owner got, with the time since the grant. */
let asked: [what: string, afterMs: number][]
beforeEach(() => {
  runtime = manualRuntime()
  grantedAt = runtime.monotonicNow()
  asked = []
})

/** `answers`: whether the storage acknowledges renewals. */
function keep(answers: () => boolean, limitMs = Infinity): LeaseKeeper {
  const calls = new StorageClient(memoryStorage(), runtime)
  const alarms = new TimerQueue<LeaseKeeper>(runtime, { background: true })
  const note = (what: string): void => {
    asked.push([what, Math.round(runtime.monotonicNow() - grantedAt)])
  }
  const owner: LeaseOwner = {
    async renew(timeoutMs) {
      note(`renew within ${Math.round(timeoutMs)}`)
      if (answers()) keeper.renewed(instant(runtime))
      else keeper.retry(new StorageUnavailableError('no answer', { maybeApplied: true }))
    },
    timeIsUp(of) {
      note(of)
      if (of === 'lease') keeper.stop()
    },
  }
  const deadline = new LeaseDeadline(runtime, instant(runtime), LEASE)
  const keeper: LeaseKeeper = new LeaseKeeper(calls, alarms, owner, deadline, {
    leaseMs: LEASE,
    limitMs,
    grantedAt,
  })
  return keeper
}

describe('a lease that is kept', () => {
  it('is renewed after a quarter to a third of its time', async () => {
    keep(() => true)
    await runtime.advance(2 * LEASE)
    const pauses = asked.map(([, at], i) => at - (asked[i - 1]?.[1] ?? 0))
    expect(pauses.length).toBeGreaterThan(5)
    for (const pause of pauses) expect(pause).toBeGreaterThanOrEqual(LEASE / 4)
    for (const pause of pauses) expect(pause).toBeLessThanOrEqual(LEASE / 3)
  })

  it('is tried again ever sooner towards its deadline, with ever less patience, and never in a loop', async () => {
    keep(() => false)
    await runtime.advance(LEASE)
    const attempts = asked.filter(([what]) => what.startsWith('renew'))
    const pauses = attempts.slice(1).map(([, at], i) => at - (attempts[i]?.[1] ?? 0))
    const patience = attempts.map(([what]) => Number(what.split(' ').at(-1)))
    expect(pauses).toEqual(pauses.toSorted((a, b) => b - a))
    expect(patience).toEqual(patience.toSorted((a, b) => b - a))
    expect(pauses[0]).toBe(LEASE / 24)
    expect(pauses.at(-1)).toBeLessThan(LEASE / 100)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(10)
    expect(asked.at(-1)).toEqual(['lease', LEASE * 0.98 - 1])
  })

  it('keeps why its renewals began to fail: that the last attempts were not answered in milliseconds says less', () => {
    const keeper = keep(() => true)
    const unanswered = (): StorageUnavailableError =>
      new StorageUnavailableError('no answer', { maybeApplied: true })
    const refused = new HoldfastError('STORAGE_REFUSED', 'no rights')
    const first = unanswered()
    keeper.retry(first)
    keeper.retry(unanswered())
    expect(keeper.renewalError).toBe(first)
    keeper.retry(refused)
    keeper.retry(unanswered())
    expect(keeper.renewalError).toBe(refused)
    keeper.renewed(instant(runtime))
    expect(keeper.renewalError).toBeUndefined()
  })

  it('is not renewed any more after its limit, and then runs out', async () => {
    const keeper = keep(() => true, 1.5 * LEASE)
    await runtime.advance(3 * LEASE)
    const limit = asked.findIndex(([what]) => what === 'limit')
    expect(asked.slice(limit).map(([what]) => what)).toEqual(['limit', 'lease'])
    expect(asked[limit]?.[1]).toBe(1.5 * LEASE)
    expect(keeper.isLimitReached).toBe(true)
  })

  it('says that it is over when its signal is read, before any timer fires', () => {
    const keeper = keep(() => true)
    runtime.freeze(LEASE)
    void keeper.signal
    expect(asked).toEqual([['lease', LEASE]])
  })

  it('is left alone once it is stopped, also by the answer to a renewal', async () => {
    const keeper = keep(() => true)
    keeper.stop()
    keeper.renewed(instant(runtime))
    keeper.renewNow()
    await runtime.advance(2 * LEASE)
    expect(asked).toEqual([])
  })
})
