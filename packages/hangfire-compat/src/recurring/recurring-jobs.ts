import type { Lease } from '@holdfast/core'
import { type Lockable, type OptionTable, checkString, oneOf, resolveOptions } from '@holdfast/core/storage'
import { cron } from '../cron/cron.ts'
import { HangfireUnreadableError, HangfireUnsupportedError } from '../errors.ts'
import { type HangfireJob, checkDefinition, encodeCall } from '../jobs/job-definition.ts'
import { collect } from '../monitor/unreadable.ts'
import type { HangfireContext } from '../storage/context.ts'
import { encodeDate } from '../wire/dates.ts'
import { type Fields, checkText } from '../wire/fields.ts'
import type { Invocation } from '../wire/invocation.ts'
import { lockResources } from '../wire/keys.ts'
import { type Misfire, type StoredRecurringJob, decodeRecurringJob } from '../wire/recurring.ts'
import { type HeldRecurringJob, heldRecurringJob } from './held-recurring-job.ts'
import { nextExecution } from './next-execution.ts'
import { recurringExecution } from './recurring-execution.ts'
import { type RecurringSchedule, recurringUpdate } from './recurring-update.ts'

/** How a recurring job is scheduled. */
export interface RecurringOptions {
  /**
   * In which the cron expression is read: an IANA name, or one of Windows, of which the IANA name is written.
   * @default 'UTC'
   */
  readonly timeZone?: string | undefined
  /**
   * What becomes of executions that no scheduler was there for. `once`: one job, when one is there again; `every`: a job for each
   * of them; `ignore`: none for those that are a minute late.
   * @default 'once'
   */
  readonly misfire?: Misfire | undefined
}

/**
 * Jobs that run again and again. Each change is one script under .NET's lock of the recurring job, for which it waits 15 s as
 * .NET does: `LOCK_TIMEOUT`. If the lock is lost meanwhile, nothing is written: `LEASE_LOST`.
 *
 * In a prefix that is shared with .NET its scheduler runs them; in one of Node's own the servers of `serve` do.
 */
export interface HangfireRecurringJobs {
  /**
   * Makes a recurring job, or changes it. An expression or time zone that differs, or an error that had stopped it, has its next
   * execution computed anew; else that stays.
   *
   * In a shared prefix a new one is written without its next execution, which .NET computes within a minute.
   *
   * @param expression five fields, six with seconds, or a macro such as `@daily`; both day fields have to match, `H` is refused
   * @throws InvalidArgumentError for an expression, a time zone or values that .NET would refuse; nothing was written
   * @throws HangfireUnsupportedError for a recurring job of the same id that another program made: of another type in a shared
   * prefix, or of a later version of Hangfire. It was left as it is
   */
  addOrUpdate<Values extends readonly unknown[]>(
    id: string,
    job: HangfireJob<readonly unknown[], Values>,
    values: NoInfer<Values>,
    expression: string,
    options?: RecurringOptions,
  ): Promise<void>
  /**
   * Runs it once now, beside its times.
   *
   * @returns the id of the job; undefined when there is no such recurring job
   * @throws HangfireUnsupportedError in a shared prefix, when only an attribute of .NET says which queue it goes to
   */
  trigger(id: string): Promise<string | undefined>
  /** Removes it. The jobs that it made stay. @returns false when there was none */
  remove(id: string): Promise<boolean>
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const RECURRING: OptionTable<RecurringOptions> = {
  timeZone: [checkString, 'UTC'],
  misfire: [oneOf('once', 'every', 'ignore'), 'once'],
}

/** How long .NET waits. */
const LOCK_WAIT_MS = 15_000

export function recurringJobs(
  context: HangfireContext,
  locks: Lockable<[resource: string]>,
): HangfireRecurringJobs {
  const { keys, reader } = context

  /** Reads a recurring job, under its lock. */
  function locked<T>(id: string, body: (held: HeldRecurringJob, before: Fields) => Promise<T>): Promise<T> {
    const resource = lockResources.recurringJob(checkText('id', id))
    return locks.run(resource, { waitMs: LOCK_WAIT_MS }, async (lease: Lease) => {
      const found = collect()
      const before = await reader.hash(keys.recurringJob(id), found)
      const [problem] = found.unreadable
      if (problem !== undefined) throw new HangfireUnreadableError(problem.key, undefined, 'a hash')
      return await body(heldRecurringJob(context, id, lease), before)
    })
  }

  return {
    async addOrUpdate(id, job, values, expression, options = {}) {
      const { timeZone, misfire } = resolveOptions(RECURRING, options)
      const times = cron(expression, timeZone)
      context.jobs.add(checkDefinition('job', job))
      const dialect = await context.dialect()
      const invocation = encodeCall(job, values, dialect, job.queue)
      const schedule: RecurringSchedule = { invocation, cron: expression, timeZone, times, misfire }
      await locked(id, async (held, before) => {
        const { mode } = context
        const update = recurringUpdate({ id, before, schedule, mode, dialect, now: await context.now() })
        await held.write(update.fields, update.score, update.how)
      })
    },

    trigger: async (id) =>
      await locked(id, async (held, before) => {
        if (Object.keys(before).length === 0) return undefined
        const stored = decodeRecurringJob(before)
        const call = callOf(id, stored)
        const queue = queueOf(context, id, stored, call)
        const [dialect, now, jobId] = [await context.dialect(), await context.now(), crypto.randomUUID()]
        const { fields, score } = afterNow(stored, before, now, dialect.dates)
        const reason = 'Triggered using recurring job manager'
        const made = recurringExecution({ id, jobId, call, queue, at: now, now, reason }, dialect)
        const last = { LastExecution: encodeDate(now, dialect.dates), LastJobId: jobId }
        return (await held.fire(made, { ...last, ...fields }, score, now)) ? jobId : undefined
      }),

    remove: async (id) =>
      await locked(id, async (held, before) => {
        // Throws for what is not understood.
        decodeRecurringJob(before)
        await held.remove()
        return Object.keys(before).length > 0
      }),
  }
}

function callOf(id: string, { invocation }: StoredRecurringJob): Invocation {
  if (invocation !== undefined) return invocation
  throw new HangfireUnreadableError(`Job of the recurring job ${JSON.stringify(id)}`, undefined, 'there')
}

function queueOf(
  { jobs, mode }: HangfireContext,
  id: string,
  stored: StoredRecurringJob,
  call: Invocation,
): string {
  const queue = call.queue ?? jobs.find(call)?.queue ?? (mode === 'own' ? stored.queue : undefined)
  if (queue !== undefined) return queue
  throw new HangfireUnsupportedError(
    `The recurring job ${JSON.stringify(id)} names no queue: an attribute of .NET decides it. Nothing was written. Trigger it with .NET, or define its method here with defineHangfireJob and pass it to addOrUpdate.`,
  )
}

/** What is next when it runs now: nothing changes where its expression cannot be read. */
function afterNow(
  { cron: expression, timeZone }: StoredRecurringJob,
  before: Fields,
  now: number,
  dates: Parameters<typeof nextExecution>[2],
): { readonly fields: Fields; readonly score: number | undefined } {
  try {
    return nextExecution(cron(expression ?? '', timeZone).nextAfter(now), before, dates)
  } catch {
    return { fields: {}, score: undefined }
  }
}
