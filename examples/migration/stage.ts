/** What every move needs: the stage of a process, and its report of what it does at that stage. */
import type { IdempotencyEvent, LockEvent } from '@holdfast/core'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

// #region stage
/** How far a process has moved. It comes from the configuration of the process. */
export type Stage = 'old' | 'both' | 'new'

/**
 * Logs the stage at once, and with each minute what Holdfast has done in this process since its start, for example
 * `{"stage":"both","granted":12,"released":12}`. The function that it returns logs a last time, and stops.
 */
export function reportStage(
  stage: Stage,
  channel: 'holdfast:locks' | 'holdfast:idempotency',
  log: (line: string) => void = console.log,
  everyMs = 60_000,
): () => void {
  const counts: Record<string, number> = {}
  const report = (): void => log(JSON.stringify({ stage, ...counts }))
  const count = (message: unknown): void => {
    const { type } = message as LockEvent | IdempotencyEvent
    counts[type] = (counts[type] ?? 0) + 1
  }
  subscribe(channel, count)
  const timer = setInterval(report, everyMs).unref()
  report()
  return () => {
    unsubscribe(channel, count)
    clearInterval(timer)
    report()
  }
}
// #endregion
