import { InvalidArgumentError } from '@holdfast/core'
import type { HangfireContext } from '../storage/context.ts'
import type { Invocation } from '../wire/invocation.ts'
import { type NewJob, encodeJob } from '../wire/job-hash.ts'
import type { JobState } from '../wire/states.ts'
import { commitWrites, type Committed } from './commit-writes.ts'
import type { JobWrite } from './job-write.ts'

export interface JobCreation extends Pick<NewJob, 'culture' | 'recurringJobId' | 'recurredAt'> {
  /** A GUID, made by the caller: a repetition with it makes no second job. */
  readonly id: string
  readonly invocation: Invocation
  /** By the clock of Redis. Each goes into the history, the last becomes the state. */
  readonly steps: (now: number) => readonly JobState[]
  /** The queue that an Enqueued job goes to. Default: the queue of its state. */
  readonly queue?: string | undefined
  /** What the same script writes of other jobs, such as the list of a parent. */
  readonly beside?: readonly JobWrite[] | undefined
}

/**
 * Creates a job in one script: all of it or nothing (H3). After a lost reply it is asked for again with the same id.
 *
 * @returns `done`, or `already` when the job was there; anything else is about a job of `beside`, and nothing was written
 * @throws InvalidArgumentError when the id is that of another job
 */
export async function createJob(context: HangfireContext, creation: JobCreation): Promise<Committed> {
  const { id, invocation, steps, queue, beside = [], ...rest } = creation
  const dialect = await context.dialect()
  const reply = await commitWrites(context, (createdAt) => {
    const states = steps(createdAt)
    const job = { ...rest, invocation, createdAt, stateName: states.at(-1)?.name ?? '' }
    return [{ id, from: 'new', fields: encodeJob(job, dialect), steps: states, queue }, ...beside]
  })
  if (reply.outcome === 'exists')
    throw new InvalidArgumentError(
      `id ${JSON.stringify(id)} is that of another job, with another method or other arguments; nothing was written.`,
    )
  return reply
}
