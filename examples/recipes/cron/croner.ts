// #region schedule
import { Cron } from 'croner'
import { close } from '../holdfast.ts'
import { report } from './report.ts'

const options = { timezone: 'Europe/Berlin', catch: (error: unknown) => console.error('report:', error) }
const job = new Cron(process.env.CRON ?? '0 3 * * *', options, fired)

/** `currentRun()` is the moment of the call. The instant that all instances share is the latest one of the schedule. */
async function fired(): Promise<void> {
  const [at] = job.previousRuns(1, new Date(Date.now() + 1))
  if (at !== undefined) await report(at)
}
// #endregion

// #region catch-up
// At the start: makes up for a slot that no instance was there for, and that is not over.
fired().catch(options.catch)
// #endregion

// #region stop
process.once('SIGTERM', async () => {
  job.stop()
  await close()
})
// #endregion
