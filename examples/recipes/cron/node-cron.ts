// #region schedule
import cron from 'node-cron'
import { close } from '../holdfast.ts'
import { report } from './report.ts'

const task = cron.schedule(process.env.CRON ?? '0 3 * * *', ({ date }) => report(date), {
  timezone: 'Europe/Berlin',
  // node-cron leaves out what it would start more than a second late. A late start does no harm here.
  missedExecutionTolerance: 60_000,
})

process.once('SIGTERM', async () => {
  await task.destroy()
  await close()
})
// #endregion
