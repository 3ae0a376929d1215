import assert from 'node:assert/strict'
import { type TestRunner, freshName, unhurried } from '../runner.ts'
import type { LeasesUnderTest } from './leases-under-test.ts'

/** L1 and L2: who holds a lock, one at a time, and the fences of the grants. */
export function grantsKit(
  { it }: TestRunner,
  { time, elapse, freshToken, acquire, granted, queued, release, holders, listen }: LeasesUnderTest,
): void {
  it('L1 lets exactly one of many concurrent requests hold a lock', async () => {
    const key = freshName('lock')
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => acquire(key, freshToken(), { wait: false })),
    )
    assert.equal(replies.filter(({ outcome }) => outcome === 'granted').length, 1)
    assert.equal((await holders(key)).length, 1)
  })

  it(
    'L1 admits as many as there are permits, and does not let a short lease end a long one',
    unhurried(async (shortMs) => {
      const key = freshName('semaphore')
      const more = { permits: 3, wait: false }
      const long = freshToken()
      await granted(key, long, more)
      await granted(key, freshToken(), { ...more, leaseMs: shortMs })
      await granted(key, freshToken(), { ...more, leaseMs: shortMs })
      assert.equal((await acquire(key, freshToken(), { ...more, leaseMs: shortMs })).outcome, 'busy')
      await elapse(shortMs + 10)
      await granted(key, freshToken(), more)
      await granted(key, freshToken(), more)
      assert.equal((await acquire(key, freshToken(), more)).outcome, 'busy')
      assert.ok((await holders(key)).includes(long))
    }),
  )

  it('L2 grows the fence with every grant, over release, expiry and hand-off', async () => {
    const key = freshName('lock')
    const fences: number[] = []
    for (let i = 0; i < 20; i += 1) {
      const token = freshToken()
      fences.push(await granted(key, token))
      await release(key, token)
    }
    fences.push(await granted(key, freshToken(), { leaseMs: 50 }))
    await elapse(60)
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
    const before = await time()
    const fence = await granted(freshName('lock'), freshToken())
    const after = (await time()) + 1
    assert.ok(before * 1_000 <= fence && fence <= after * 1_000, `${fence} is the microsecond of its grant`)
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
    // In a cluster, messages of different servers arrive in any order.
    const heard = waiters.map(([key, token]) =>
      ear.heard.some((push) => push.kind === 'granted' && push.key === key && push.token === token),
    )
    assert.deepEqual(
      heard,
      waiters.map(() => true),
    )
    await ear.stop()
  })
}
