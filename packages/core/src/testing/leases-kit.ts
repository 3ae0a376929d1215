import assert from 'node:assert/strict'
import {
  type AcquireReply,
  type LeasePush,
  type LeaseRequest,
  type LeaseStorage,
  RETENTION_MS,
} from '../storage/leases.ts'
import { type KitOptions, type StorageUnderTest, type TestRunner, freshName, useStorage } from './runner.ts'

/** What a process heard, and a way to wait for more. */
interface Ear {
  readonly process: string
  readonly heard: LeasePush[]
  /** Resolves once `count` pushes were heard in all. */
  hears(count: number): Promise<void>
  stop(): Promise<void>
}

const CLAIM_MS = 3_000

/** The guarantees L1 to L13 of `storage/leases.ts`, a test or more each. */
export function leasesKit(
  runner: TestRunner,
  open: () => Promise<StorageUnderTest>,
  { outOfMemory = false, countsListeners = true, movesTime = false }: KitOptions = {},
): void {
  const { describe, it } = runner

  describe('leases', () => {
    const under = useStorage(runner, open)
    const leases = (): LeaseStorage => under.storage.leases
    let tokens = 0
    const freshToken = (process = freshName('process')): string => `${process}.${(tokens += 1).toString(36)}`
    const inTime = async (): Promise<number> => (await under.storage.time()) + 60_000

    const acquire = async (
      key: string,
      token: string,
      more: Partial<LeaseRequest> = {},
    ): Promise<AcquireReply> =>
      leases().acquire(key, {
        token,
        leaseMs: 30_000,
        permits: 1,
        wait: true,
        claimMs: CLAIM_MS,
        notAfter: await inTime(),
        ...more,
      })
    const granted = async (key: string, token: string, more: Partial<LeaseRequest> = {}): Promise<number> => {
      const reply = await acquire(key, token, more)
      assert.equal(reply.outcome, 'granted')
      return reply.outcome === 'granted' ? reply.fence : 0
    }
    const queued = async (key: string, token: string, more: Partial<LeaseRequest> = {}): Promise<void> => {
      assert.equal((await acquire(key, token, more)).outcome, 'queued')
    }
    const release = async (key: string, token: string, notAfter = 0): Promise<string> =>
      (await leases().release(key, { token, claimMs: CLAIM_MS, notAfter })).outcome
    const holders = async (key: string): Promise<string[]> =>
      (await leases().inspect(key)).holders
        .filter(({ remainingMs }) => remainingMs > 0)
        .map(({ token }) => token)

    const listen = async (process = freshName('process')): Promise<Ear> => {
      const heard: LeasePush[] = []
      let wake = (): void => undefined
      const stop = await leases().listen(process, (push) => {
        heard.push(push)
        wake()
      })
      const hears = async (count: number): Promise<void> => {
        while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve))
      }
      return { process, heard, hears, stop }
    }

    it('L1 lets exactly one of many concurrent requests hold a lock', async () => {
      const key = freshName('lock')
      const replies = await Promise.all(
        Array.from({ length: 50 }, () => acquire(key, freshToken(), { wait: false })),
      )
      assert.equal(replies.filter(({ outcome }) => outcome === 'granted').length, 1)
      assert.equal((await holders(key)).length, 1)
    })

    it('L1 admits as many as there are permits, and does not let a short lease end a long one', async () => {
      const key = freshName('semaphore')
      const more = { permits: 3, wait: false }
      const long = freshToken()
      await granted(key, long, more)
      await granted(key, freshToken(), { ...more, leaseMs: 50 })
      await granted(key, freshToken(), { ...more, leaseMs: 50 })
      assert.equal((await acquire(key, freshToken(), { ...more, leaseMs: 50 })).outcome, 'busy')
      await under.elapse(60)
      await granted(key, freshToken(), more)
      await granted(key, freshToken(), more)
      assert.equal((await acquire(key, freshToken(), more)).outcome, 'busy')
      assert.ok((await holders(key)).includes(long))
    })

    it('L2 grows the fence with every grant, over release, expiry and hand-off', async () => {
      const key = freshName('lock')
      const fences: number[] = []
      for (let i = 0; i < 20; i += 1) {
        const token = freshToken()
        fences.push(await granted(key, token))
        await release(key, token)
      }
      fences.push(await granted(key, freshToken(), { leaseMs: 50 }))
      await under.elapse(60)
      const last = freshToken()
      fences.push(await granted(key, last))
      const ear = await listen()
      const next = freshToken(ear.process)
      await queued(key, next)
      await release(key, last)
      fences.push(await granted(key, next))
      assert.equal(new Set(fences).size, fences.length)
      assert.deepEqual(
        fences,
        [...fences].sort((a, b) => a - b),
      )
      for (const fence of fences) assert.ok(Number.isSafeInteger(fence))
      await ear.stop()
    })

    it('L2 starts from the clock, so that a key that was lost does not start again', async () => {
      const before = await under.storage.time()
      const fence = await granted(freshName('lock'), freshToken())
      const after = (await under.storage.time()) + 1
      assert.ok(before * 1_000 <= fence && fence <= after * 1_000, `${fence} is the microsecond of its grant`)
    })

    it('L3 queues who waits, tells who holds, and keeps places', async () => {
      const key = freshName('lock')
      const holder = freshToken()
      const fence = await granted(key, holder)
      const [first, second] = [freshToken(), freshToken()]
      const one = await acquire(key, first)
      const two = await acquire(key, second)
      const again = await acquire(key, first)
      assert.ok(one.outcome === 'queued' && two.outcome === 'queued' && again.outcome === 'queued')
      assert.deepEqual([one.ahead, one.kept, two.ahead, two.kept], [0, false, 1, false])
      assert.deepEqual([again.ahead, again.kept], [0, true])
      const [seen] = two.holders
      assert.deepEqual([seen?.token, seen?.fence, seen?.claimed], [holder, fence, true])
      assert.ok(seen && seen.remainingMs > 25_000 && seen.remainingMs <= 30_000)
      const busy = await acquire(key, freshToken(), { wait: false })
      assert.equal(busy.outcome, 'busy')
      const view = await leases().inspect(key)
      assert.deepEqual([view.waiting, view.queue, view.fence], [2, [first, second], fence])
    })

    it('L4 hands over to the head in the step of the release, and tells it', async () => {
      const key = freshName('lock')
      const holder = freshToken()
      await granted(key, holder)
      const ear = await listen()
      const next = freshToken(ear.process)
      await queued(key, next)
      const reply = await leases().release(key, { token: holder, claimMs: CLAIM_MS, notAfter: 0 })
      assert.equal(reply.outcome, 'released')
      assert.ok(reply.unclaimedMs > 0 && reply.unclaimedMs <= CLAIM_MS)
      assert.deepEqual(await holders(key), [next])
      await ear.hears(1)
      assert.deepEqual(ear.heard, [{ kind: 'granted', key, token: next }])
      await ear.stop()
    })

    if (countsListeners) {
      it('L4 passes over processes that do not listen, however many entries they have', async () => {
        const key = freshName('lock')
        const holder = freshToken()
        await granted(key, holder)
        const gone = freshName('process')
        for (let i = 0; i < 20; i += 1) await queued(key, freshToken(gone))
        const ear = await listen()
        const next = freshToken(ear.process)
        await queued(key, next)
        await release(key, holder)
        assert.deepEqual(await holders(key), [next])
        assert.equal((await leases().inspect(key)).waiting, 0)
        await ear.stop()
        // Nobody listens any more: the lock is free.
        await queued(key, freshToken(gone))
        await release(key, next)
        assert.deepEqual(await holders(key), [])
        await granted(key, freshToken(), { wait: false })
      })
    }

    it('L5 grants in the order of the queue, to a semaphore as many as fit', async () => {
      const key = freshName('semaphore')
      const ear = await listen()
      const held = [freshToken(), freshToken()]
      for (const token of held) await granted(key, token, { permits: 2 })
      const line = Array.from({ length: 6 }, () => freshToken(ear.process))
      for (const token of line) await queued(key, token, { permits: 2 })
      for (const token of [...held, ...line.slice(0, 4)]) {
        await release(key, token)
        assert.ok((await holders(key)).length <= 2)
      }
      await ear.hears(6)
      assert.deepEqual(
        ear.heard.map((push) => push.kind === 'granted' && push.token),
        line,
      )
      await ear.stop()
    })

    it('L5 lets nobody overtake a waiter when the holder ran out', async () => {
      const key = freshName('lock')
      await granted(key, freshToken(), { leaseMs: 50 })
      const ear = await listen()
      const next = freshToken(ear.process)
      await queued(key, next)
      await under.elapse(60)
      const other = await acquire(key, freshToken(), { wait: false })
      assert.equal(other.outcome, 'busy')
      assert.deepEqual(await holders(key), [next])
      await ear.hears(1)
      await ear.stop()
    })

    it('L5 hands over what ran out when somebody tends the key', async () => {
      const key = freshName('lock')
      await granted(key, freshToken(), { leaseMs: 50 })
      const ear = await listen()
      const next = freshToken(ear.process)
      await queued(key, next)
      assert.equal((await leases().tend(key, CLAIM_MS)).unclaimedMs, 0)
      await under.elapse(60)
      assert.ok((await leases().tend(key, CLAIM_MS)).unclaimedMs > 0)
      assert.deepEqual(await holders(key), [next])
      await ear.stop()
    })

    it('L6 keeps a hand-off for the claim time, and then drops the whole process', async () => {
      const key = freshName('lock')
      const holder = freshToken()
      await granted(key, holder)
      const frozen = await listen()
      const live = await listen()
      const places = Array.from({ length: 10 }, () => freshToken(frozen.process))
      for (const token of places) await queued(key, token)
      const next = freshToken(live.process)
      await queued(key, next)
      await leases().release(key, { token: holder, claimMs: 50, notAfter: 0 })
      assert.deepEqual(await holders(key), places.slice(0, 1))
      await under.elapse(60)
      await leases().tend(key, CLAIM_MS)
      assert.deepEqual(await holders(key), [next])
      assert.equal((await leases().inspect(key)).waiting, 0)
      await frozen.hears(2)
      assert.deepEqual(frozen.heard[1], { kind: 'dropped', key })
      await Promise.all([frozen.stop(), live.stop()])
    })

    it('L6 gives the full lease to who claims in time', async () => {
      const key = freshName('lock')
      const holder = freshToken()
      await granted(key, holder)
      const ear = await listen()
      const next = freshToken(ear.process)
      await queued(key, next)
      await leases().release(key, { token: holder, claimMs: 1_000, notAfter: 0 })
      const [before] = (await leases().inspect(key)).holders
      assert.deepEqual([before?.claimed, before && before.remainingMs <= 1_000], [false, true])
      assert.equal(await granted(key, next), before?.fence)
      const [after] = (await leases().inspect(key)).holders
      assert.ok(after?.claimed && after.remainingMs > 25_000)
      await ear.stop()
    })

    it('L7 answers repeated commands like the first', async () => {
      const key = freshName('lock')
      const token = freshToken()
      assert.equal(await granted(key, token), await granted(key, token))
      assert.equal(await release(key, token), 'released')
      const other = freshToken()
      await granted(key, other)
      assert.equal(await release(key, token), 'released')
      assert.deepEqual(await holders(key), [other])
      const waiter = freshToken()
      await queued(key, waiter)
      await queued(key, waiter)
      assert.equal((await leases().inspect(key)).waiting, 1)
    })

    it('L7 tells a lease that ran out from one that somebody took', async () => {
      const [quiet, taken] = [freshName('lock'), freshName('lock')]
      const token = freshToken()
      for (const key of [quiet, taken]) await granted(key, token, { leaseMs: 50 })
      await under.elapse(60)
      const successor = freshToken()
      await granted(taken, successor)
      for (let i = 0; i < 2; i += 1) {
        assert.equal(await release(quiet, token), 'expired')
        assert.equal(await release(taken, token), 'lost')
      }
      assert.deepEqual(await holders(taken), [successor])
    })

    it('L8 does nothing later than notAfter', async () => {
      const key = freshName('lock')
      const now = await under.storage.time()
      await under.elapse(20)
      assert.equal((await acquire(key, freshToken(), { notAfter: now })).outcome, 'late')
      assert.deepEqual(await holders(key), [])
      const holder = freshToken()
      await granted(key, holder)
      assert.equal((await acquire(key, freshToken(), { notAfter: now })).outcome, 'late')
      assert.equal((await leases().inspect(key)).waiting, 0)
    })

    it('L8 refuses an acquire that its own release has overtaken', async () => {
      const key = freshName('lock')
      const process = freshName('process')
      const [overtaken, left, used, tried] = [1, 2, 3, 4].map(() => freshToken(process)) as [
        string,
        string,
        string,
        string,
      ]
      const notAfter = await inTime()
      assert.equal(await release(key, overtaken, notAfter), 'absent')
      assert.equal((await acquire(key, overtaken, { notAfter })).outcome, 'ended')
      const holder = freshToken()
      await granted(key, holder)
      await queued(key, left, { notAfter })
      assert.equal(await release(key, left, notAfter), 'absent')
      assert.equal((await acquire(key, tried, { wait: false, notAfter })).outcome, 'busy')
      assert.equal(await release(key, holder), 'released')
      for (const token of [overtaken, left, used, tried]) {
        assert.equal((await acquire(key, token, { notAfter })).outcome, 'ended')
      }
      const view = await leases().inspect(key)
      assert.deepEqual([view.holders, view.waiting], [[], 0])
      await granted(key, freshToken(process))
    })

    it('L8 refuses an acquire whose lease was released, and keeps what holds and waits', async () => {
      const key = freshName('semaphore')
      const process = freshName('process')
      const [holds, waits, later] = [1, 2, 3].map(() => freshToken(process)) as [string, string, string]
      const more = { permits: 2, notAfter: await inTime() }
      const fence = await granted(key, holds, more)
      await granted(key, later, more)
      await queued(key, waits, more)
      const foreign = freshToken()
      await queued(key, foreign, more)
      assert.equal(await release(key, foreign, more.notAfter), 'absent')
      assert.equal(await release(key, later, more.notAfter), 'released')
      assert.equal((await acquire(key, later, more)).outcome, 'ended')
      assert.equal(await granted(key, holds, more), fence)
      assert.equal((await acquire(key, waits, more)).outcome, countsListeners ? 'ended' : 'granted')
    })

    it('L9 leaves everybody else alone', async () => {
      const [key, other] = [freshName('lock'), freshName('lock')]
      const [holder, waiter, foreign] = [freshToken(), freshToken(), freshToken()]
      await granted(key, holder)
      await granted(other, holder)
      await queued(key, waiter)
      assert.equal(await release(key, foreign), 'absent')
      assert.equal((await leases().extend(key, { token: foreign, leaseMs: 60_000 })).held, false)
      assert.equal((await leases().extend(key, { token: waiter, leaseMs: 60_000 })).held, false)
      assert.deepEqual((await leases().revoke(key, { token: foreign, claimMs: CLAIM_MS })).revoked, [])
      assert.equal(await release(other, holder), 'released')
      const view = await leases().inspect(key)
      assert.deepEqual([view.holders.map(({ token }) => token), view.queue], [[holder], [waiter]])
    })

    it('L10 extends, never shortens, never revives', async () => {
      const key = freshName('lock')
      const token = freshToken()
      await granted(key, token, { leaseMs: 1_000 })
      const longer = await leases().extend(key, { token, leaseMs: 20_000 })
      assert.ok(longer.held && longer.remainingMs === 20_000)
      const shorter = await leases().extend(key, { token, leaseMs: 50 })
      assert.ok(shorter.held && shorter.remainingMs > 15_000)
      const short = freshName('lock')
      await granted(short, token, { leaseMs: 50 })
      await under.elapse(60)
      assert.deepEqual((await leases().extend(short, { token, leaseMs: 20_000 })).held, false)
      assert.deepEqual(await holders(short), [])
    })

    it('L11 revokes at once, tells the holder, and hands over', async () => {
      const key = freshName('lock')
      const [ear, next] = [await listen(), await listen()]
      const [holder, waiter] = [freshToken(ear.process), freshToken(next.process)]
      await granted(key, holder)
      await queued(key, waiter)
      assert.deepEqual((await leases().revoke(key, { claimMs: CLAIM_MS })).revoked, [holder])
      await Promise.all([ear.hears(1), next.hears(1)])
      assert.deepEqual(ear.heard, [{ kind: 'revoked', key, token: holder }])
      assert.deepEqual(await holders(key), [waiter])
      assert.equal((await leases().extend(key, { token: holder, leaseMs: 1_000 })).held, false)
      assert.equal(await release(key, holder), 'lost')
      await Promise.all([ear.stop(), next.stop()])
    })

    it('keeps keys apart, whatever they contain', async () => {
      const odd = ['a', 'a}', '{a}', '{a', 'a:b', 'ü 🦊', 'a%7D', '*?[x]', '#|,'].map(
        (part) => freshName('lock') + part,
      )
      const ear = await listen()
      const waiters: [key: string, token: string][] = []
      for (const key of odd) {
        const [holder, waiter] = [freshToken(), freshToken(ear.process)]
        await granted(key, holder)
        await queued(key, waiter)
        await release(key, holder)
        waiters.push([key, waiter])
        assert.deepEqual(await holders(key), [waiter])
      }
      await ear.hears(odd.length)
      // In a cluster, what different servers tell arrives in any order.
      const heard = odd.map((key) => ear.heard.find((push) => push.kind !== 'gap' && push.key === key))
      assert.deepEqual(
        heard,
        waiters.map(([key, token]) => ({ kind: 'granted', key, token })),
      )
      await ear.stop()
    })

    it('does not tell a process that stopped listening', async () => {
      const key = freshName('lock')
      const [one, other] = [await listen(), await listen()]
      const holder = freshToken()
      await granted(key, holder)
      const waiter = freshToken(other.process)
      await queued(key, waiter)
      await one.stop()
      await release(key, holder)
      await other.hears(1)
      assert.deepEqual(one.heard, [])
      await other.stop()
    })

    if (outOfMemory) {
      it('L12 ends, extends and hands over leases when memory is exhausted', async () => {
        const [held, waited, longer] = [freshName('lock'), freshName('lock'), freshName('lock')]
        const token = freshToken()
        const ear = await listen()
        const next = freshToken(ear.process)
        for (const key of [held, waited, longer]) await granted(key, token)
        await queued(waited, next)
        const relieve = await under.exhaustMemory()
        try {
          await assert.rejects(acquire(freshName('lock'), freshToken()), { code: 'STORAGE_REFUSED' })
          assert.equal(await release(held, token), 'released')
          assert.equal(await release(waited, token), 'released')
          assert.equal((await leases().extend(longer, { token, leaseMs: 60_000 })).held, true)
          assert.deepEqual((await leases().revoke(longer, { claimMs: CLAIM_MS })).revoked, [token])
        } finally {
          await relieve()
        }
        assert.deepEqual(await holders(waited), [next])
        await ear.stop()
      })
    }

    if (movesTime) {
      it('L13 forgets a key that nobody uses', async () => {
        const key = freshName('lock')
        const token = freshToken()
        await granted(key, token)
        await release(key, token)
        await under.elapse(30_000 + 2 * RETENTION_MS)
        assert.equal((await leases().inspect(key)).fence, 0)
      })
    }
  })
}
