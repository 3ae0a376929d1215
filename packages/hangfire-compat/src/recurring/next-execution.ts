import { type DateDialect, encodeDate } from '../wire/dates.ts'
import type { Fields } from '../wire/fields.ts'
import { scoreOf } from '../wire/schedule.ts'

/** What is written of a recurring job about its next execution. */
export interface NextExecution {
  readonly fields: Fields
  /** In `recurring-jobs`; -1 for never. */
  readonly score: number
}

/** The next execution of a recurring job that is well: what an error left is cleared. `before`: the fields that it has. */
export function nextExecution(next: number | undefined, before: Fields, dates: DateDialect): NextExecution {
  return {
    fields: {
      NextExecution: next === undefined ? '' : encodeDate(next, dates),
      ...((before.Error ?? '') === '' ? {} : { Error: '' }),
      ...((before.RetryAttempt ?? '0') === '0' ? {} : { RetryAttempt: '0' }),
    },
    score: next === undefined ? -1 : scoreOf(next),
  }
}

/** Hangfire's: then it is disabled until it is changed. */
const RETRIES = 5
const RETRY_DELAY_MS = 60_000

/** The next attempt of a recurring job that could not be run, or its end after five. */
export function nextAttempt(error: string, before: Fields, now: number, dates: DateDialect): NextExecution {
  const attempts = Number(before.RetryAttempt ?? 0) || 0
  const next = attempts < RETRIES ? now + RETRY_DELAY_MS : undefined
  return {
    fields: {
      Error: error.toWellFormed(),
      RetryAttempt: String(Math.min(attempts + 1, RETRIES)),
      NextExecution: next === undefined ? '' : encodeDate(next, dates),
    },
    score: next === undefined ? -1 : scoreOf(next),
  }
}
