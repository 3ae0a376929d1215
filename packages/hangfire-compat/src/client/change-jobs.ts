import { type OptionTable, resolveOptions } from '@holdfast/core/storage'
import { HangfireUnsupportedError } from '../errors.ts'
import { collect } from '../monitor/unreadable.ts'
import type { HangfireContext } from '../storage/context.ts'
import { changeState } from '../transitions/change-state.ts'
import { checkText, type Fields, nonEmpty } from '../wire/fields.ts'
import { decodeInvocationFields } from '../wire/invocation.ts'
import { queueOfJob } from '../wire/job-hash.ts'
import { checkQueueName } from '../wire/queue-name.ts'
import { decodeHistoryEntry } from '../wire/stored-state.ts'

/** Where a job goes that is enqueued again. */
export interface RequeueOptions {
  /** Default: the queue that the job had. */
  readonly queue?: string | undefined
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const REQUEUE: OptionTable<RequeueOptions, 'queue'> = { queue: [checkQueueName, undefined] }

/** @returns the queue that it went to; undefined when Redis has no such job */
export async function requeueJob(
  context: HangfireContext,
  id: string,
  options: RequeueOptions,
): Promise<string | undefined> {
  const { queue: given } = resolveOptions(REQUEUE, options)
  const job = await readJob(context, id)
  if (job === undefined) return undefined
  const queue = given ?? (await lastQueue(context, id, job))
  const { outcome } = await changeState(context, {
    id,
    steps: (enqueuedAt) => [{ name: 'Enqueued', enqueuedAt, queue }],
  })
  return outcome === 'changed' ? queue : undefined
}

/** @returns false when Redis has no such job */
export async function deleteJob(context: HangfireContext, id: string): Promise<boolean> {
  const job = await readJob(context, id)
  if (job === undefined) return false
  const { outcome } = await changeState(context, {
    id,
    continuations: job.Continuations,
    steps: (deletedAt) => [{ name: 'Deleted', deletedAt }],
  })
  return outcome === 'changed'
}

const FIELDS = ['Type', 'Method', 'ParameterTypes', 'Arguments', 'Queue', 'State', 'Continuations', 'BatchId']

/**
 * The fields of a job that are needed to change it, or undefined when there is none.
 *
 * @throws HangfireUnsupportedError for a job of a batch of Hangfire.Pro, whose counts only .NET keeps
 */
export async function readJob(context: HangfireContext, id: string): Promise<Fields | undefined> {
  const { reader, keys } = context
  const job = await reader.fields(keys.job(checkText('id', id)), FIELDS, collect())
  if (job.BatchId !== undefined)
    throw new HangfireUnsupportedError(
      `Job ${id} belongs to a batch of Hangfire.Pro, which this package does not know. It was left as it is: change it with .NET.`,
    )
  return Object.keys(job).length === 0 ? undefined : job
}

/** How many entries of its history are looked at for the queue of a job. */
const LAST = 50

/** As .NET's attribute would say: the queue of its definition; else the explicit one, or that of its last Enqueued state. */
async function lastQueue({ reader, keys, jobs }: HangfireContext, id: string, job: Fields): Promise<string> {
  const explicit = nonEmpty(job.Queue)
  const found = collect()
  const call = found.attempt(keys.job(id), () => decodeInvocationFields(job))
  const defined = call && jobs.find(call)?.queue
  if (explicit === undefined && defined !== undefined && defined !== 'default') return defined
  const entries = await reader.list(keys.jobHistory(id), -LAST, -1, found)
  const enqueued = entries.toReversed().flatMap((entry) => {
    const decoded = found.attempt(keys.jobHistory(id), () => decodeHistoryEntry(entry))
    return decoded?.name === 'Enqueued' ? [decoded.data.Queue ?? 'default'] : []
  })
  return queueOfJob(enqueued[0] ?? 'default', explicit)
}
