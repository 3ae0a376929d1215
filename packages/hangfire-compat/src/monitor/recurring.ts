import { optional } from '../wire/fields.ts'
import type { HangfireKeys } from '../wire/keys.ts'
import { type StoredRecurringJob, decodeRecurringJob } from '../wire/recurring.ts'
import { type Page, checkPage } from './page.ts'
import type { Reader } from './reader.ts'
import { type Unreadable, collect } from './unreadable.ts'

/** A recurring job. What could not be read is undefined. */
export interface HangfireRecurringJob extends Partial<Omit<StoredRecurringJob, 'invocation'>> {
  readonly id: string
  readonly call?: NonNullable<StoredRecurringJob['invocation']>
  /** False: Hangfire's list has its id, but Redis has no such recurring job. */
  readonly exists: boolean
  /** Its score, -1 in Redis: the scheduler will not run it, since it is disabled, or failed too often. */
  readonly isDisabled: boolean
  /** The name of the state of the last job that it made. */
  readonly lastJobState?: string
  readonly unreadable: readonly Unreadable[]
}

/** By the next execution. */
export async function readRecurring(
  reader: Reader,
  keys: HangfireKeys,
  page: Page,
): Promise<{
  readonly recurring: readonly HangfireRecurringJob[]
  readonly unreadable: readonly Unreadable[]
}> {
  const { from, to } = checkPage(page)
  const found = collect()
  const members = await reader.zset(keys.recurringJobs, from, to, found)
  const read = await Promise.all(
    members.map(async ([id, score]) => {
      const own = collect()
      const fields = await reader.hash(keys.recurringJob(id), own)
      return { id, isDisabled: score < 0, own, fields }
    }),
  )
  const recurring = await Promise.all(
    read.map(async ({ id, isDisabled, own, fields }) => {
      const { LastJobId: lastJobId = '' } = fields
      const state = lastJobId === '' ? {} : await reader.fields(keys.job(lastJobId), ['State'], own)
      const { invocation, ...rest } =
        own.attempt(keys.recurringJob(id), () => decodeRecurringJob(fields), JSON.stringify(fields)) ?? {}
      return {
        id,
        exists: Object.keys(fields).length > 0,
        isDisabled,
        ...rest,
        ...optional('call', invocation),
        ...optional('lastJobState', state.State),
        unreadable: own.unreadable,
      }
    }),
  )
  return { recurring, unreadable: found.unreadable }
}
