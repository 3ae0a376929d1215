import { type OptionTable, oneOf, resolveOptions } from '@holdfast/core/storage'
import { HangfireJobMissingError } from '../errors.ts'
import type { HangfireJob } from '../jobs/job-definition.ts'
import type { HangfireContext } from '../storage/context.ts'
import { isEnding, notMet, startsAfter } from '../transitions/children.ts'
import { createJob } from '../transitions/create-job.ts'
import type { JobWrite } from '../transitions/job-write.ts'
import { type Continuation, type ContinueOn, addContinuation } from '../wire/continuations.ts'
import type { JobState } from '../wire/states.ts'
import { readJob } from './change-jobs.ts'
import { CREATE, type CreateOptions, type Created, prepare } from './create-jobs.ts'

interface ContinueOptions extends CreateOptions {
  /**
   * After which end of the parent it starts; after another one it is deleted.
   * @default 'succeeded'
   */
  readonly on?: ContinueOn | undefined
}

/**
 * `npm run docs:examples` reads this table.
 * @public
 */
export const CONTINUE: OptionTable<ContinueOptions, 'id' | 'queue'> = {
  ...CREATE,
  on: [oneOf<ContinueOn>('any', 'succeeded', 'deleted', 'succeeded or deleted'), 'succeeded'],
}

/**
 * Creates a job that waits for its parent, and adds it to the parent's list, in one script. A parent that has ended starts it at
 * once: the script refuses if the parent has ended, or its list has changed, since it was read.
 */
export async function continueJob<Values extends readonly unknown[]>(
  context: HangfireContext,
  parentId: string,
  job: HangfireJob<readonly unknown[], Values>,
  values: Values,
  options: ContinueOptions,
): Promise<Created> {
  const { on, ...rest } = resolveOptions(CONTINUE, options)
  const prepared = await prepare(context, job, values, rest)
  const { id, queue } = prepared
  for (;;) {
    const parent = await readJob(context, parentId)
    if (parent === undefined) throw new HangfireJobMissingError(parentId)
    const { State: state, Continuations: list = '' } = parent
    const { outcome } = await createJob(context, {
      ...prepared,
      steps: (now) => [
        { name: 'Awaiting', parentId, on, nextState: { queue } },
        ...(isEnding(state) ? [nextOf(startsAfter(on, state), queue, now)] : []),
      ],
      beside: [listed(parentId, list, { jobId: id, on }, state)],
    })
    if (outcome === 'done' || outcome === 'already') return prepared
    if (outcome === 'missing') throw new HangfireJobMissingError(parentId)
  }
}

function nextOf(starts: boolean, queue: string, now: number): JobState {
  return starts ? { name: 'Enqueued', enqueuedAt: now, queue } : notMet(now)
}

function listed(id: string, list: string, child: Continuation, state: string | undefined): JobWrite {
  const from = isEnding(state) ? [state] : { not: ['Succeeded', 'Deleted'] }
  return { id, from, continuations: list, fields: { Continuations: addContinuation(list, child) }, steps: [] }
}
