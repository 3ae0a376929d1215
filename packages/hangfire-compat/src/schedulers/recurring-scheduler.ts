import { cron } from '../cron/cron.ts'
import { InvalidArgumentError } from '@holdfast/core'
import { HangfireUnreadableError, HangfireUnsupportedError } from '../errors.ts'
import { collect } from '../monitor/unreadable.ts'
import { executionsDue } from '../recurring/executions.ts'
import { type HeldRecurringJob, heldRecurringJob } from '../recurring/held-recurring-job.ts'
import { nextAttempt, nextExecution } from '../recurring/next-execution.ts'
import { recurringExecution } from '../recurring/recurring-execution.ts'
import type { HangfireContext } from '../storage/context.ts'
import { encodeDate } from '../wire/dates.ts'
import type { Fields } from '../wire/fields.ts'
import { lockResources } from '../wire/keys.ts'
import { type StoredRecurringJob, decodeRecurringJob } from '../wire/recurring.ts'
import { type BackgroundProcess, RETRY_MS } from './background-process.ts'
import { DONE, runSchedule } from './due-pass.ts'
import type { SchedulerOptions } from './scheduler-options.ts'

export type RecurringSchedulerOptions = Omit<SchedulerOptions, 'handled'>

/**
 * Makes the jobs of recurring jobs when they are due, in a prefix of Node's own; in a shared one .NET does. It looks when the
 * next one is due, and every 15 s in any case. One that cannot be run is tried five times again, a minute apart, with the reason
 * in its `Error`, and is then disabled until it is changed.
 */
export function startRecurringScheduler(
  context: HangfireContext,
  options: RecurringSchedulerOptions,
): BackgroundProcess {
  const { intervalMs = 15_000, locks } = options
  return runSchedule(
    context,
    { ...options, intervalMs },
    {
      zset: context.keys.recurringJobs,
      resource: lockResources.recurringScheduler,
      async settle(id, now, stopping) {
        const run = await locks.run(lockResources.recurringJob(id), { whenHeld: 'skip' }, (lease) => {
          const signal = AbortSignal.any([stopping, lease.signal])
          return runDue(context, heldRecurringJob(context, id, lease), id, now, signal)
        })
        return run.status === 'executed' ? run.result : RETRY_MS
      },
    },
  )
}

async function runDue(
  context: HangfireContext,
  held: HeldRecurringJob,
  id: string,
  now: number,
  signal: AbortSignal,
): Promise<number | typeof DONE> {
  const { keys, reader } = context
  const found = collect()
  const fields = await reader.hash(keys.recurringJob(id), found)
  if (found.unreadable.length > 0) return Infinity
  if (Object.keys(fields).length === 0) {
    await held.drop()
    return DONE
  }
  try {
    return await execute(context, { held, id, fields, now, signal })
  } catch (error) {
    // What another version of Hangfire wrote is left byte for byte.
    if (error instanceof HangfireUnsupportedError) return Infinity
    if (!(error instanceof HangfireUnreadableError) && !(error instanceof InvalidArgumentError)) throw error
    const { dates } = await context.dialect()
    const attempt = nextAttempt(error.message, fields, now, dates)
    await held.write(attempt.fields, attempt.score)
    return DONE
  }
}

interface DueRecurringJob {
  readonly held: HeldRecurringJob
  readonly id: string
  readonly fields: Fields
  readonly now: number
  readonly signal: AbortSignal
}

/** @throws HangfireUnreadableError and InvalidArgumentError, before it has written anything, for what cannot be run */
async function execute(
  context: HangfireContext,
  { held, id, fields, now, signal }: DueRecurringJob,
): Promise<number | typeof DONE> {
  const stored = decodeRecurringJob(fields)
  const { invocation: call, cron: expression, misfire, timeZone } = stored
  if (call === undefined || expression === undefined)
    throw new HangfireUnreadableError(
      `the recurring job ${id}`,
      JSON.stringify(fields),
      'one with Job and Cron',
    )
  const dialect = await context.dialect()
  const { due, next } = executionsDue(cron(expression, timeZone), misfire, lastKnown(stored, now), now)
  const queue = call.queue ?? context.jobs.find(call)?.queue ?? stored.queue
  const reason = 'Triggered by recurring job scheduler'
  let before = fields
  for (const [i, at] of due.entries()) {
    if (signal.aborted) return 0
    const jobId = crypto.randomUUID()
    const { fields: follow, score } = nextExecution(due[i + 1] ?? next, before, dialect.dates)
    const job = recurringExecution({ id, jobId, call, queue, at, now, reason }, dialect)
    const changes = { LastExecution: encodeDate(at, dialect.dates), LastJobId: jobId, ...follow }
    if (!(await held.fire(job, changes, score, now))) return DONE
    before = { ...before, ...changes }
  }
  if (due.length === 0) {
    const { fields: follow, score } = nextExecution(next, fields, dialect.dates)
    await held.write(follow, score)
  }
  return next !== undefined && next <= now ? 0 : DONE
}

/**
 * After which instant executions are due. What the dashboard shows as the next execution is one; that of a job in trouble is an
 * attempt, and so is none.
 */
function lastKnown(
  { createdAt, lastExecution, nextExecution: next, retryAttempt }: StoredRecurringJob,
  now: number,
): number {
  if (next !== undefined && retryAttempt === 0) return next - 1
  return lastExecution ?? (createdAt ?? now) - 1_000
}
