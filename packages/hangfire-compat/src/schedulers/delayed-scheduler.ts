import { collect } from '../monitor/unreadable.ts'
import type { HangfireContext } from '../storage/context.ts'
import { changeState } from '../transitions/change-state.ts'
import type { KnownJobs } from '../storage/known-jobs.ts'
import { type Fields, definedFields, nonEmpty } from '../wire/fields.ts'
import { lockResources } from '../wire/keys.ts'
import { decodeScheduleMember } from '../wire/schedule.ts'
import { type BackgroundProcess, RETRY_MS } from './background-process.ts'
import { dropScheduled } from './drop-scheduled.ts'
import { DONE, runSchedule } from './due-pass.ts'
import { instantOf } from './judge-fetched.ts'
import { CALL_FIELDS, type SchedulerOptions, callOf, isTouched } from './scheduler-options.ts'

const REASON = 'Triggered by DelayedJobScheduler'

/**
 * Enqueues scheduled jobs when their time has come by Redis' clock, and never before: .NET rounds scores down, so the instant
 * in the state counts, too (H12). It looks when the next job is due, and every 5 s in any case. Members of the schedule whose
 * job has gone elsewhere are removed.
 */
export function startDelayedScheduler(
  context: HangfireContext,
  options: SchedulerOptions,
): BackgroundProcess {
  const { intervalMs = 5_000 } = options
  return runSchedule(
    context,
    { ...options, intervalMs },
    {
      zset: context.keys.schedule,
      resource: lockResources.delayedScheduler,
      settle: (member, now) => enqueueDue(context, options, member, now),
    },
  )
}

async function enqueueDue(
  context: HangfireContext,
  { handled }: SchedulerOptions,
  member: string,
  now: number,
): Promise<number | typeof DONE> {
  const { keys, reader, run } = context
  const { id, queue: explicit } = decodeScheduleMember(member)
  const found = collect()
  const [job, state] = await Promise.all([
    reader.fields(keys.job(id), [...CALL_FIELDS, 'Queue', 'State'], found),
    reader.fields(keys.jobState(id), ['EnqueueAt'], found),
  ])
  if (!isTouched(context, handled, job)) return Infinity
  if (job.State === 'Scheduled') {
    const earlyMs = (instantOf(state.EnqueueAt) ?? 0) - now
    if (earlyMs > 0) return earlyMs
    const { outcome } = await changeState(context, {
      id,
      from: ['Scheduled'],
      // One that was scheduled anew since it was read is not due.
      data: definedFields({ EnqueueAt: state.EnqueueAt }),
      whenLocked: 'skip',
      steps: (enqueuedAt) => [
        { name: 'Enqueued', enqueuedAt, queue: explicit ?? queueOf(context, handled, job), reason: REASON },
      ],
    })
    if (outcome === 'changed') return DONE
  }
  const lock = keys.lock(lockResources.jobState(id))
  const isDropped = await run(
    dropScheduled,
    [keys.schedule, keys.job(id), lock],
    [member],
    (reply) => reply === '1',
  )
  return isDropped ? DONE : RETRY_MS
}

function queueOf({ jobs }: HangfireContext, handled: KnownJobs, job: Fields): string {
  const call = callOf(job)
  const definition = call && (handled.find(call) ?? jobs.find(call))
  return nonEmpty(job.Queue) ?? definition?.queue ?? 'default'
}
