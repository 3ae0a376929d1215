import assert from 'node:assert/strict'
import { HoldfastError, createHoldfast, memoryStorage } from '@holdfast/core'

const storage = memoryStorage()
const { locks, close } = createHoldfast({ storage })
const other = createHoldfast({ storage })
const recount = async (_item: string, _options: { readonly signal: AbortSignal }): Promise<number> => 7
const saveStock = async (_item: string, _count: number, _fence: number): Promise<void> => undefined

// #region run
await locks.run('stock:42', async (lease) => {
  const count = await recount('42', { signal: lease.signal })
  lease.assertValid() // throws LeaseLostError unless the lock is certainly held now
  await saveStock('42', count, lease.fencingToken)
})
// #endregion

// #region handle
await using lease = await locks.acquire('report', { leaseMs: 10_000, waitMs: 60_000, maxHoldMs: 600_000 })
console.log('certainly mine for', Math.floor(lease.remainingMs()), 'ms more, if no renewal succeeds')
// #endregion

// #region finally
const audit = await locks.acquire('audit')
try {
  audit.signal.throwIfAborted()
} finally {
  await audit.release()
}
// #endregion
assert.equal((await locks.inspect('audit')).holders.length, 0)

// #region busy
const none = await other.locks.tryAcquire('report')
console.log(none) // null: at once, with one command

await other.locks.acquire('report', { waitMs: 50 }).catch((error) => {
  if (!HoldfastError.isInstance(error) || error.code !== 'LOCK_TIMEOUT') throw error
  console.log(error.message) // … did not become free within 50 ms. Held by <host>:<pid> for … ms
})

const nightly = await other.locks.run('report', { whenHeld: 'skip' }, () => 'reported')
console.log(nightly.status) // skipped: a value, and no error
// #endregion
assert.equal(none, null)

// #region several
await locks.run('account:1', async () => undefined)
await using both = await locks.acquireAll(['account:1', 'account:2'])
console.log(both.leases.length, 'locks, all or none')

const uploads = locks.semaphore('uploads', { permits: 5 })
await uploads.run(async () => undefined)
// #endregion

// #region operators
const { holders, waiting } = await locks.inspect('report')
for (const { owner, heldForMs } of holders)
  console.log(owner, 'has it for', heldForMs, 'ms;', waiting, 'wait')
await locks.revoke('report') // the holder's signal aborts, and the next in line has it
// #endregion
assert.equal(await lease.release(), 'lost')

await other.close()
await close()
