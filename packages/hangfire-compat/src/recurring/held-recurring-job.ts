import { type Lease, LockLostError } from '@holdfast/core'
import type { HangfireContext } from '../storage/context.ts'
import { commitWrites } from '../transitions/commit-writes.ts'
import type { JobWrite } from '../transitions/job-write.ts'
import type { Fields } from '../wire/fields.ts'
import { lockResources } from '../wire/keys.ts'
import { fireRecurring } from './fire-recurring.ts'
import { removeRecurring } from './remove-recurring.ts'
import { writeRecurring } from './write-recurring.ts'

/** A recurring job whose lock this process holds: each change is refused once the lock is another's. */
export interface HeldRecurringJob {
  /** `move`: sets the score. `keep`: only where it has none. */
  write(fields: Fields, score: number, how?: 'move' | 'keep'): Promise<void>
  /** Makes a job and writes the fields. @returns false when there is no such recurring job any more */
  fire(job: JobWrite, fields: Fields, score: number | undefined, at: number): Promise<boolean>
  remove(): Promise<void>
  /** Takes it out of the list if it has no hash. */
  drop(): Promise<void>
}

/** @throws LockLostError from each method when the lock was deleted or taken; nothing was written then */
export function heldRecurringJob(context: HangfireContext, id: string, lease: Lease): HeldRecurringJob {
  const { keys, run } = context
  const resource = lockResources.recurringJob(id)
  const mine: [lock: string, recurringJob: string, recurringJobs: string] = [
    keys.lock(resource),
    keys.recurringJob(id),
    keys.recurringJobs,
  ]
  const lost = (): LockLostError => new LockLostError(resource, 'taken', lease.fencingToken, 0)

  async function write(fields: Fields, score: number, how: 'move' | 'keep' | 'drop'): Promise<void> {
    const args: [string, string, string, string, string] = [
      lease.token,
      id,
      String(score),
      pairs(fields),
      how,
    ]
    if (!(await run(writeRecurring, mine, args, isDone))) throw lost()
  }

  return {
    write: (fields, score, how = 'move') => write(fields, score, how),
    async fire(job, fields, score, at) {
      const args = [lease.token, id, score === undefined ? '' : String(score), pairs(fields)]
      const within = { script: fireRecurring, keys: mine, args }
      const { outcome } = await commitWrites(context, () => [job], { at, within })
      if (outcome === 'data') throw lost()
      return outcome !== 'missing'
    },
    async remove() {
      if (!(await run(removeRecurring, mine, [lease.token, id], isDone))) throw lost()
    },
    drop: () => write({}, 0, 'drop'),
  }
}

function pairs(fields: Fields): string {
  return JSON.stringify(Object.entries(fields).flat())
}

function isDone(reply: unknown): boolean {
  return reply === '1'
}
