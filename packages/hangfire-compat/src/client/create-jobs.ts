import { InvalidArgumentError } from '@holdfast/core'
import { type OptionTable, duration, refuse, resolveOptions } from '@holdfast/core/storage'
import { type HangfireJob, checkDefinition, encodeCall } from '../jobs/job-definition.ts'
import type { HangfireContext } from '../storage/context.ts'
import { createJob } from '../transitions/create-job.ts'
import type { Invocation } from '../wire/invocation.ts'
import { checkQueueName } from '../wire/queue-name.ts'

/** How a job is created. */
export interface CreateOptions {
  /** The id of the job, a GUID: called again with it, no second job is made. Default: a new one. */
  readonly id?: string | undefined
  /** Default: the queue of the definition. */
  readonly queue?: string | undefined
}

/** How a job is created that starts later: `delayMs` or `at` says when. */
export interface ScheduleOptions extends CreateOptions {
  /** From now, by the clock of Redis. Either this or `at`. */
  readonly delayMs?: number | undefined
  /** The earliest instant. One that has passed means now. */
  readonly at?: Date | undefined
}

export const CREATE: OptionTable<CreateOptions, 'id' | 'queue'> = {
  id: [checkGuid, undefined],
  queue: [checkQueueName, undefined],
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const SCHEDULE: OptionTable<ScheduleOptions, 'id' | 'queue' | 'delayMs' | 'at'> = {
  ...CREATE,
  delayMs: [duration(0), undefined],
  at: [checkDate, undefined],
}

export interface Created {
  readonly id: string
  readonly queue: string
}

/** What is to be created, encoded and checked; nothing is written yet. */
export interface Prepared extends Created {
  readonly invocation: Invocation
}

export async function enqueueJob<Values extends readonly unknown[]>(
  context: HangfireContext,
  job: HangfireJob<readonly unknown[], Values>,
  values: Values,
  options: CreateOptions,
): Promise<Created> {
  const prepared = await prepare(context, job, values, resolveOptions(CREATE, options))
  const { queue } = prepared
  await createJob(context, {
    ...prepared,
    steps: (enqueuedAt) => [{ name: 'Enqueued', enqueuedAt, queue }],
  })
  return prepared
}

export async function scheduleJob<Values extends readonly unknown[]>(
  context: HangfireContext,
  job: HangfireJob<readonly unknown[], Values>,
  values: Values,
  options: ScheduleOptions,
): Promise<Created> {
  const { delayMs, at, ...rest } = resolveOptions(SCHEDULE, options)
  if ((delayMs === undefined) === (at === undefined))
    throw new InvalidArgumentError('Pass either delayMs or at, which say when the job is to be enqueued.')
  const prepared = await prepare(context, job, values, rest)
  await createJob(context, {
    ...prepared,
    steps: (scheduledAt) => [
      {
        name: 'Scheduled',
        scheduledAt,
        enqueueAt: at === undefined ? scheduledAt + (delayMs ?? 0) : at.getTime(),
      },
    ],
  })
  return prepared
}

/**
 * The queue is written into the job, too: with storage 1.12.0 a requeue or a retry by .NET then returns it there. Not `default`, which a
 * definition that names no queue has as well: .NET's own attribute decides then.
 */
export async function prepare<Values extends readonly unknown[]>(
  context: HangfireContext,
  job: HangfireJob<readonly unknown[], Values>,
  values: Values,
  {
    id = crypto.randomUUID(),
    queue: given,
  }: { readonly id: string | undefined; readonly queue: string | undefined },
): Promise<Prepared> {
  context.jobs.add(checkDefinition('job', job))
  const queue = given ?? job.queue
  const isExplicit = given !== undefined || queue !== 'default'
  const dialect = await context.dialect()
  return { id, queue, invocation: encodeCall(job, values, dialect, isExplicit ? queue : undefined) }
}

function checkGuid(name: string, id: string): string {
  return typeof id === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)
    ? id
    : refuse(name, id, 'a GUID in lower case, such as crypto.randomUUID() makes')
}

function checkDate(name: string, date: Date): Date {
  return date instanceof Date && !Number.isNaN(date.getTime()) ? date : refuse(name, date, 'a valid Date')
}
