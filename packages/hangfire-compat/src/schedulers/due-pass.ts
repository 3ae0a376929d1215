import type { HangfireContext } from '../storage/context.ts'
import { type BackgroundProcess, RETRY_MS, runInBackground } from './background-process.ts'
import { decodeDue, readDue } from './read-due.ts'
import type { SchedulerOptions } from './scheduler-options.ts'
import { withSchedulerLock } from './scheduler-lock.ts'

export interface Schedule {
  /** `schedule` or `recurring-jobs`. */
  readonly zset: string
  /** .NET's lock of the scheduler. */
  readonly resource: string
  /**
   * Does what is due for one member.
   *
   * @returns {@link DONE} when it is not due any more; else in how many ms to look at it again
   */
  readonly settle: (member: string, now: number, signal: AbortSignal) => Promise<number | typeof DONE>
}

export const DONE = 'done'

/** So many members are settled side by side. */
const PAGE = 100

/** Settles what is due whenever the next member is, and every `intervalMs` in any case. */
export function runSchedule(
  context: HangfireContext,
  {
    intervalMs,
    locks,
    onError,
  }: Pick<SchedulerOptions, 'locks' | 'onError'> & { readonly intervalMs: number },
  schedule: Schedule,
): BackgroundProcess {
  return runInBackground({
    intervalMs,
    onError,
    pass: (stopping) => settleDue(context, locks, schedule, stopping),
  })
}

/**
 * Settles what is due, under the lock of the scheduler; without one when nothing is due. What one member rejects with keeps no
 * other from its turn, and is thrown at the end.
 *
 * @returns when to look again, in ms
 */
async function settleDue(
  context: HangfireContext,
  locks: SchedulerOptions['locks'],
  { resource, settle, zset }: Schedule,
  stopping: AbortSignal,
): Promise<number> {
  const { run } = context
  const first = await run(readDue, [zset], ['0', '1'], decodeDue)
  if (first.members.length === 0) return first.nextInMs
  let againInMs = Infinity
  const errors: unknown[] = []
  const ran = await withSchedulerLock(locks, resource, stopping, async (signal) => {
    let staying = 0
    while (!signal.aborted) {
      const due = await run(readDue, [zset], [String(staying), String(PAGE)], decodeDue)
      if (due.members.length === 0) {
        againInMs = Math.min(againInMs, due.nextInMs)
        return
      }
      const settled = await Promise.allSettled(due.members.map((member) => settle(member, due.now, signal)))
      for (const each of settled) {
        if (each.status === 'rejected') errors.push(each.reason)
        else if (each.value === DONE) continue
        else againInMs = Math.min(againInMs, each.value)
        staying += 1
      }
    }
  })
  if (errors.length > 0) throw errors[0]
  return ran ? againInMs : RETRY_MS
}
