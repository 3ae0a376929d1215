// #region report
import { setTimeout as delay } from 'node:timers/promises'
import { StorageUnavailableError } from '@holdfast/core'
import { holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

// The slot lasts until the next one begins. Without Redis, `report` asks again at this interval.
const { EVERY_MS = '86400000', RETRY_MS = '60000' } = process.env

/** `at` is the instant for which the schedule has fired: all instances have to name the same one. */
export async function report(at: Date): Promise<void> {
  const slot = { at, everyMs: Number(EVERY_MS) }
  const options = { maxAttempts: 3 }
  for (;;) {
    try {
      const outcome = await holdfast.idempotency.oncePerSlot('report', slot, options, async (execution) => {
        await work(`report ${at.toISOString()} attempt ${execution.attempt}`, execution.signal)
      })
      // Skipped: `completed` by another instance; `failed`; `executing`, whose instance may be dead; or no instance began in time.
      const why = outcome.status === 'skipped' ? `, ${outcome.snapshot?.status ?? 'the slot was over'}` : ''
      console.log(`${at.toISOString()} ${outcome.status}${why}`)
      return
    } catch (error) {
      // Without Redis no instance knows whether the report is made. The slot stays open: ask again until it is over.
      if (!StorageUnavailableError.isInstance(error)) throw error
      console.error(error.message)
      await delay(Number(RETRY_MS), undefined, { ref: false })
    }
  }
}
// #endregion
