import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { HoldfastError, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'

const redis = new Redis(process.env.REDIS_URL ?? 'redis://localhost:6379')
redis.on('error', console.error)
const { idempotency, close } = createHoldfast({
  storage: ioredisStorage(redis),
  prefix: `guide-${process.pid}`,
})

const pages = ['one', 'two', 'three']
const importPage = async (page: string): Promise<void> => delay(5, page).then(() => undefined)

// #region run
const { status, result } = await idempotency.run('import', 'tenant-7/2026-11', async (execution) => {
  for (const [i, page] of pages.entries()) {
    execution.signal.throwIfAborted()
    await importPage(page)
    await execution.updateProgress(((i + 1) / pages.length) * 100, page)
  }
  return { imported: pages.length }
})
// executed { imported: 3 }; on any instance, for the next five minutes: replayed { imported: 3 }
console.log(status, result)
// #endregion
assert.deepEqual([status, result], ['executed', { imported: 3 }])

// #region define
interface Order {
  readonly tenant: string
  readonly id: number
  readonly cents: number
}

const bill = idempotency.define<Order, { readonly number: string }>('bill', {
  key: ({ tenant, id }) => `${tenant}/${id}`,
  fingerprint: ({ cents }) => cents,
  onInProgress: 'wait',
  maxAttempts: 3,
  completedWindowMs: 86_400_000,
})

const order = { tenant: 't7', id: 42, cents: 990 }
const first = await bill.run(order, async (_, { id }) => ({ number: `INV-${id}` }))
const again = await bill.run(order, async () => ({ number: 'never made' }))
// #endregion
assert.deepEqual([first.status, again.status, again.result], ['executed', 'replayed', { number: 'INV-42' }])

// #region mismatch
const other = bill.run({ ...order, cents: 991 }, async () => ({ number: 'never made' }))
await other.catch((error) => {
  if (!HoldfastError.isInstance(error)) throw error
  console.log(error.code) // FINGERPRINT_MISMATCH, and nothing was written
})
// #endregion
await assert.rejects(other, { code: 'FINGERPRINT_MISMATCH' })

// #region checkpoint
const crawl = (): Promise<{ readonly result: number }> =>
  idempotency.run('crawl', 'site-1', async (execution) => {
    let next = (execution.checkpoint as number | undefined) ?? 0
    for (; next < pages.length; next += 1) {
      await importPage(pages[next] ?? '')
      await execution.saveCheckpoint(next + 1)
      if (next === 1 && execution.attempt === 1) throw new Error('out of memory')
    }
    return execution.attempt
  })
await crawl().catch((error: Error) => console.log(error.message)) // out of memory
console.log((await crawl()).result) // 2: the second attempt, which began with page three
// #endregion

// #region classify
const charge = idempotency.define<Order, string>('charge', {
  key: ({ tenant, id }) => `${tenant}/${id}`,
  classifyError: (error) => (error instanceof RangeError ? { final: true } : undefined),
})
const declined = charge.run(order, async () => Promise.reject(new RangeError('card declined')))
await declined.catch((error: Error) => console.log(error.message)) // card declined
const retried = charge.run(order, async () => 'never charged')
await retried.catch((error: Error) => console.log(error.message)) // card declined
// #endregion
await assert.rejects(declined, { message: 'card declined' })
await assert.rejects(retried, { name: 'RangeError', message: 'card declined' })

// #region begin
const begun = await idempotency.begin('export', 'report-9')
switch (begun.status) {
  case 'started': {
    await using execution = begun.execution
    await execution.markSuccess({ rows: 12 })
    break
  }
  case 'inProgress':
    console.log('try again in', begun.snapshot.leaseRemainingMs, 'ms')
    break
  case 'replayed':
    console.log('done before', begun.result)
    break
  case 'failedBefore':
    console.log('failed before', begun.error.message)
    break
  case 'mismatch':
    console.log('the key was used with other input')
    break
}
// #endregion
assert.equal((await idempotency.begin('export', 'report-9')).status, 'replayed')

// #region status
const job = await idempotency.getExecutionStatus('export', 'report-9')
if (job === null) console.log('there is no record of it')
else if (job.status === 'completed') console.log('done', job.result) // done { rows: 12 }
else if (job.stalled || job.released) console.log('no instance works on it; the next start goes on')
else if (job.status === 'failed') console.log('failed', job.errorMessage)
else console.log('running', job.progressPercentage, job.progressMessage)
// #endregion
assert.deepEqual([job?.status, job?.result], ['completed', { rows: 12 }])
assert.equal(await idempotency.getExecutionStatus('export', 'never started'), null)

// #region watch
const running = idempotency.run('video', 'clip-3', async (execution) => {
  for (const percentage of [25, 50, 75]) {
    await execution.updateProgress(percentage, 'encoding')
    await delay(20)
  }
  return 'clip-3.webm'
})
for await (const { status, progressPercentage, progressMessage } of idempotency.watch('video', 'clip-3')) {
  console.log(status, progressPercentage, progressMessage)
}
// #endregion
assert.equal((await running).result, 'clip-3.webm')

const sendReport = async (_at: Date, _signal: AbortSignal): Promise<void> => delay(5)

// #region slot
// In every instance, when its scheduler fires; `at` is the instant for which it has fired, not the moment of the call.
const fired = async (at: Date): Promise<void> => {
  const slot = { at, everyMs: 86_400_000 }
  const { status } = await idempotency.oncePerSlot('report', slot, { maxAttempts: 3 }, async (execution) => {
    await sendReport(at, execution.signal)
  })
  console.log(status) // executed on one instance, skipped on all others
}
// #endregion
const midnight = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000)
await Promise.all([fired(midnight), fired(midnight)])
const reports = await idempotency.list('report')
assert.deepEqual(
  reports.executions.map(({ jobKey, attempt }) => [jobKey, attempt]),
  [[midnight.toISOString(), 1]],
)

// #region operators
const failed = await idempotency.list('crawl', { status: 'failed', limit: 50 })
console.log(
  failed.executions.length,
  'failed;',
  failed.cursor === undefined ? 'that is all' : 'there are more',
)
await idempotency.requestCancel('video', 'clip-4', { reason: 'the customer withdrew' })
await idempotency.forget('export', 'report-9')
const removed = await idempotency.cleanupExpiredExecutions(7 * 86_400_000)
// #endregion
assert.deepEqual([failed.executions.length, removed], [0, 0])

await close()
await redis.quit()
