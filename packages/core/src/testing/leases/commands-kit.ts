import assert from 'node:assert/strict'
import { type KitOptions, type TestRunner, freshName } from '../runner.ts'
import { CLAIM_MS, type LeasesUnderTest } from './leases-under-test.ts'

/** L7 to L9: commands that are repeated, late, overtaken, or about another owner's lease. */
export function commandsKit(
  { it }: TestRunner,
  { leases, time, elapse, freshToken, inTime, acquire, granted, queued, release, holders }: LeasesUnderTest,
  { countsListeners = true }: KitOptions,
): void {
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

  it('L7 tells a lease that ran out from one that another caller took', async () => {
    const [quiet, taken] = [freshName('lock'), freshName('lock')]
    const token = freshToken()
    for (const key of [quiet, taken]) await granted(key, token, { leaseMs: 50 })
    await elapse(60)
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
    const now = await time()
    await elapse(20)
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
}
