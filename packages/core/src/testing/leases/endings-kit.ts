import assert from 'node:assert/strict'
import { RETENTION_MS } from '../../storage/leases.ts'
import { type KitOptions, type TestRunner, freshName } from '../runner.ts'
import { CLAIM_MS, type LeasesUnderTest } from './leases-under-test.ts'

/** L10 to L13: extending and revoking, also when memory is exhausted, and what the storage keeps of an unused key. */
export function endingsKit(
  { it }: TestRunner,
  {
    leases,
    elapse,
    exhaustMemory,
    freshToken,
    acquire,
    granted,
    queued,
    release,
    holders,
    listen,
  }: LeasesUnderTest,
  { outOfMemory = false, movesTime = false }: KitOptions,
): void {
  it('L10 extends, never shortens, never revives', async () => {
    const key = freshName('lock')
    const token = freshToken()
    await granted(key, token, { leaseMs: 10_000 })
    const longer = await leases().extend(key, { token, leaseMs: 60_000 })
    assert.ok(longer.held && longer.remainingMs === 60_000)
    const shorter = await leases().extend(key, { token, leaseMs: 50 })
    assert.ok(shorter.held && shorter.remainingMs > 10_000)
    const short = freshName('lock')
    await granted(short, token, { leaseMs: 50 })
    await elapse(60)
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

  if (outOfMemory) {
    it('L12 ends, extends and hands over leases when memory is exhausted', async () => {
      const [held, waited, longer] = [freshName('lock'), freshName('lock'), freshName('lock')]
      const token = freshToken()
      const ear = await listen()
      const next = freshToken(ear.process)
      for (const key of [held, waited, longer]) await granted(key, token)
      await queued(waited, next)
      const relieve = await exhaustMemory()
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
    it('L13 forgets a key without holders and waiters', async () => {
      const key = freshName('lock')
      const token = freshToken()
      await granted(key, token)
      await release(key, token)
      await elapse(30_000 + 2 * RETENTION_MS)
      assert.equal((await leases().inspect(key)).fence, 0)
    })
  }
}
