import type { Holdfast } from '@holdfast/core'
import { Cron } from 'croner'
import type { Logger } from 'pino'
import { counted } from '../counted.ts'
import type { Store } from '../store/store.ts'
import type { CleanUpSettings } from './messages.ts'

export interface CleanUpParts {
  readonly settings: CleanUpSettings
  readonly instance: string
  readonly holdfast: Pick<Holdfast, 'idempotency'>
  readonly store: Pick<Store, 'sweep'>
  readonly log: Logger
}

/**
 * Removes what is old, again and again. Every instance runs the same schedule, and one does the work of each tick: the tick is the slot,
 * and so the key. The others stand by, and take over when that one dies.
 *
 * @returns what ends it
 */
export function startCleanUp({ settings, instance, holdfast, store, log }: CleanUpParts): () => void {
  const { schedule, keepMs } = settings
  const fired = async (): Promise<void> => {
    // The instant that all instances share: the latest one of the schedule, whenever the timer of each fires.
    const [at] = job.previousRuns(1, new Date(Date.now() + 1))
    const next = at && job.nextRun(at)
    if (at === undefined || next === undefined || next === null) return
    const slot = { at, everyMs: next.getTime() - at.getTime() }
    await holdfast.idempotency.oncePerSlot('clean-up', slot, async ({ fencingToken }) => {
      const swept = store.sweep({ slot: at.getTime(), instance, fencingToken, keepMs })
      if (swept === undefined) return
      const { reviews, lines } = swept
      const removed = `${counted(reviews.length, 'review')}, ${counted(lines, 'log line')} removed`
      log.info(`cleaned up: ${reviews.length + lines === 0 ? 'nothing was old' : removed}`)
    })
  }
  const report = (error: unknown): void => {
    // Without Redis no instance can be chosen: the next tick will do.
    log.warn({ err: error }, 'not cleaned up')
  }
  const job = new Cron(schedule, { timezone: 'UTC', catch: report }, fired)
  return () => job.stop()
}
