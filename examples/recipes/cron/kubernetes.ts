// #region pod
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

// Kubernetes names the job by the instant of the schedule: report-29407860. All its pods have that name.
const { JOB_NAME } = process.env
if (JOB_NAME === undefined) throw new Error('JOB_NAME is missing: see the manifest.')

process.once('SIGTERM', () => holdfast.close({ graceMs: 20_000 }))
try {
  const slot = { id: JOB_NAME, everyMs: 86_400_000 }
  const outcome = await holdfast.idempotency.oncePerSlot('report', slot, async (execution) => {
    // Where the last job is still at work, on a node that Kubernetes cannot reach, this one waits.
    await holdfast.locks.run('report', { waitMs: 3_600_000, signal: execution.signal }, async (lease) => {
      await work(
        `${JOB_NAME} attempt ${execution.attempt}`,
        AbortSignal.any([execution.signal, lease.signal]),
      )
    })
  })
  console.log(`${JOB_NAME} ${outcome.status}`)
  // Skipped, because the work has failed in another pod: that is no success, and Kubernetes has to see it.
  if (outcome.status === 'skipped' && outcome.snapshot?.status !== 'completed') process.exitCode = 1
} finally {
  await close()
}
// #endregion
