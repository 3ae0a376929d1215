import type { HangfireContext } from '../storage/context.ts'
import type { JobState } from '../wire/states.ts'
import { childWrites, isEnding } from './children.ts'
import { commitWrites } from './commit-writes.ts'
import type { JobWrite } from './job-write.ts'

/** The worker that a job is Processing by. */
export interface Owner {
  readonly serverId: string
  readonly workerId: string
}

export interface StateChange extends Omit<JobWrite, 'from' | 'steps'> {
  /** The states that it may be in; default: any. */
  readonly from?: readonly string[] | undefined
  /** The worker that it must be Processing by. Default: any. */
  readonly owner?: Owner | undefined
  /** What to do while .NET holds the lock of the job's state: wait for 30 s (the default), or nothing. */
  readonly whenLocked?: 'wait' | 'skip' | undefined
  /** States, by the clock of Redis. Each goes into the history, the last becomes the state. */
  readonly steps: (now: number) => readonly JobState[]
  /**
   * The instant of the change, by the clock of Redis: an owner that calls again after an error passes the same, so that its second call
   * finds what its first one may have written. Default: now.
   */
  readonly at?: number | undefined
}

export type ChangeOutcome =
  /** It was changed, by this call or by one before it whose reply was lost. */
  | { readonly outcome: 'changed' }
  /** Nothing was written: it is in a state that `from` does not name; '' for none. */
  | { readonly outcome: 'stateIs'; readonly state: string }
  /** Nothing was written: another worker has it, or its state has other data. */
  | { readonly outcome: 'lost' }
  /** Nothing was written, since .NET changes it: only with `whenLocked: 'skip'`. */
  | { readonly outcome: 'locked' }
  | { readonly outcome: 'missing' }

/**
 * Changes the state of a job with all that belongs to it, in one script: lists, counters, lifetimes, acknowledgement, and, when
 * the job has ended, the jobs that wait for it (H4). A repetition after a lost reply changes nothing.
 *
 * One round trip; two or three more for a job that ends and has children. While .NET is creating one of those, it is read again
 * until it has a state, for 60 s at most.
 *
 * @param change `continuations`: what is known of them. Default: none, which costs a round trip if it is wrong
 * @throws LockTimeoutError after 30 s in which .NET held the lock of the job's state
 */
export async function changeState(context: HangfireContext, change: StateChange): Promise<ChangeOutcome> {
  const { id, steps, at, owner, whenLocked = 'wait', continuations: known = '' } = change
  const data =
    owner === undefined ? change.data : { ServerId: owner.serverId, WorkerId: owner.workerId, ...change.data }
  const ending = steps(0).at(-1)?.name
  // Of what was read before the script ran, anything may have changed: then the script says so, and it is read again.
  for (let continuations = known; ;) {
    const children = isEnding(ending) ? await childWrites(context, { id, continuations, ending }) : []
    const writes = (now: number): readonly JobWrite[] => [
      { ...change, data, steps: steps(now), continuations: isEnding(ending) ? continuations : undefined },
      ...children.map((child) => child(now)),
    ]
    const reply = await commitWrites(context, writes, { at, waits: whenLocked === 'wait' })
    switch (reply.outcome) {
      case 'done':
      case 'already':
        return { outcome: 'changed' }
      case 'continuations':
        if (reply.index === 0) continuations = reply.text
        break
      case 'missing':
        if (reply.index === 0) return { outcome: 'missing' }
        break
      case 'state':
        if (reply.index === 0) return { outcome: 'stateIs', state: reply.text }
        break
      case 'data':
        return { outcome: 'lost' }
      case 'locked':
        return { outcome: 'locked' }
      case 'exists':
        break
    }
  }
}
