import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

// #region app
import { HoldfastError } from '@holdfast/core'

const [month = '2026-11'] = process.argv.slice(2)

async function report(): Promise<void> {
  const { status } = await holdfast.idempotency.run('report', month, () => work(`report ${month}`))
  console.log('job', status)
  await holdfast.locks.run('report', { waitMs: 0 }, async () => console.log('lock had'))
  const loaded = await holdfast.cache.getOrCreate('exchange-rate', async () => process.pid)
  console.log('cache', loaded === process.pid ? 'loaded' : 'hit')
}
// #endregion

try {
  await report()
} catch (error) {
  if (!HoldfastError.isInstance(error)) throw error
  console.log('failed', error.code, error.message)
  process.exitCode = 1
} finally {
  await close()
}
