import { decodeContinuations, type ContinueOn } from '../wire/continuations.ts'
import { collect } from '../monitor/unreadable.ts'
import type { HangfireContext } from '../storage/context.ts'
import { decodeInvocationFields } from '../wire/invocation.ts'
import { queueOfJob } from '../wire/job-hash.ts'
import { decodeNextState } from '../wire/next-state.ts'
import type { JobState } from '../wire/states.ts'
import type { JobWrite } from './job-write.ts'
import { readChild } from './read-child.ts'

/** The states after which a job's children start. */
export type Ending = 'Succeeded' | 'Deleted'

export function isEnding(name: string | undefined): name is Ending {
  return name === 'Succeeded' || name === 'Deleted'
}

/** What becomes of a child when its parent has ended so: it is enqueued, or deleted. */
export function startsAfter(on: ContinueOn, ending: Ending): boolean {
  return on === 'any' || on.includes(ending === 'Succeeded' ? 'succeeded' : 'deleted')
}

/**
 * What is to be written of the jobs that wait for a parent, which ends so: in the order in which it lists them, and with the
 * children of those that are deleted, since their condition was not met. Children that wait no longer are left alone, and so is
 * one whose next state only .NET can make.
 */
export async function childWrites(
  context: HangfireContext,
  parent: { readonly id: string; readonly continuations: string; readonly ending: Ending },
  seen: Set<string> = new Set([parent.id]),
): Promise<readonly ((now: number) => JobWrite)[]> {
  const waiting = parent.continuations === '' ? [] : decodeContinuations(parent.continuations)
  const children = waiting.filter(({ jobId }) => seen.size < seen.add(jobId).size)
  const found = await Promise.all(
    children.map(async ({ jobId, on }) => ({ on, ...(await readChild(context, jobId)) })),
  )
  const writes: ((now: number) => JobWrite)[] = []
  for (const { id, on, job, nextState } of found) {
    if (job.State !== 'Awaiting') continue
    const from = ['Awaiting']
    if (!startsAfter(on, parent.ending)) {
      const continuations = job.Continuations ?? ''
      writes.push((deletedAt) => ({ id, from, continuations, steps: [notMet(deletedAt)] }))
      writes.push(...(await childWrites(context, { id, continuations, ending: 'Deleted' }, seen)))
      continue
    }
    const next = nextState === undefined ? { queue: 'default' } : decodeNextState(nextState)
    if ('other' in next) continue
    const call = collect().attempt(context.keys.job(id), () => decodeInvocationFields(job))
    const queue = queueOfJob(next.queue, job.Queue ?? (call && context.jobs.find(call)?.queue))
    writes.push((enqueuedAt) => ({ id, from, queue, steps: [{ name: 'Enqueued', enqueuedAt, ...next }] }))
  }
  return writes
}

export function notMet(deletedAt: number): JobState {
  return { name: 'Deleted', deletedAt, reason: 'Continuation condition was not met' }
}
