import { defineHangfireJob, t } from '@holdfast/hangfire-compat'

/** The methods in program/Jobs.cs that .NET runs, as Node knows them. */

export interface ReviewOptions {
  readonly Model?: string
  readonly MaxTokens?: number | null
  readonly Deep?: boolean
  readonly Deadline?: string
  readonly Tags?: readonly string[]
}

const type = 'Acme.Reviews.AiReviewJobs, Acme.Reviews'
const options = t.nullable(t.object<ReviewOptions>('Acme.Reviews.ReviewOptions, Acme.Reviews'))
export const everyKind = [
  t.guid,
  t.nullable(t.string),
  t.int32,
  t.nullable(t.int32),
  t.enumeration('System.DayOfWeek, mscorlib', { Sunday: 0, Friday: 5 }),
  t.dateTime,
  t.dateTimeOffset,
  t.timeSpan,
  t.int64,
  t.decimal,
  t.double,
  t.boolean,
  t.nullable(t.bytes),
  options,
  t.nullable(t.list(t.string)),
  t.nullable(t.dictionary(t.int32)),
  t.nullable(t.any),
  t.cancellationToken,
  t.performContext,
] as const

export const kinds = defineHangfireJob({ type, method: 'Kinds', parameters: everyKind })
export const log = defineHangfireJob({ type, method: 'Log', parameters: [t.string] })
export const add = defineHangfireJob({
  type,
  method: 'Add',
  parameters: [t.int32, t.int32, t.performContext],
})
export const failForGood = defineHangfireJob({ type, method: 'FailForGood', parameters: [t.string] })
export const sleep = defineHangfireJob({ type, method: 'Sleep', parameters: [t.int32, t.cancellationToken] })
export const witnessed = defineHangfireJob({ type, method: 'Witnessed', parameters: [t.string, t.int32] })
