import { type HangfireJob, defineHangfireJob, t } from '../src/index.ts'

interface ReviewOptions {
  readonly Model?: string
  readonly MaxTokens?: number | null
  readonly Deep?: boolean
  readonly Deadline?: string
  readonly Tags?: readonly string[]
}

export const dayOfWeek = { Sunday: 0, Monday: 1, Friday: 5 } as const

const type = 'Acme.Reviews.AiReviewJobs, Acme.Reviews'
const options = t.nullable(t.object<ReviewOptions>('Acme.Reviews.ReviewOptions, Acme.Reviews'))

export const kinds = defineHangfireJob({
  type,
  method: 'Kinds',
  parameters: [
    t.guid,
    t.nullable(t.string),
    t.int32,
    t.nullable(t.int32),
    t.enumeration('System.DayOfWeek, mscorlib', dayOfWeek),
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
  ],
})

/** Every method that the .NET program of the fixtures calls. */
export const jobs: readonly HangfireJob<readonly unknown[], never>[] = [
  kinds,
  ...['Log', 'Critical', 'FastFail', 'FailForGood'].map((method) =>
    defineHangfireJob({ type, method, parameters: [t.string] }),
  ),
  defineHangfireJob({ type, method: 'Cleanup' }),
  defineHangfireJob({ type, method: 'Add', parameters: [t.int32, t.int32, t.performContext] }),
  defineHangfireJob({
    type,
    method: 'ProcessReviewAsync',
    parameters: [t.guid, t.string, t.int32, options, t.cancellationToken],
  }),
  defineHangfireJob({ type, method: 'Exclusive', parameters: [t.int32] }),
  defineHangfireJob({ type, method: 'ForAccount', parameters: [t.string, t.int32] }),
  defineHangfireJob({ type, method: 'Sleep', parameters: [t.int32, t.cancellationToken] }),
  defineHangfireJob({
    type: 'Acme.Reviews.INodeReviewJobs, Acme.Reviews',
    method: 'Review',
    parameters: [t.guid, t.string, options],
  }),
  defineHangfireJob({
    type: 'Acme.Reviews.INodeQueueJobs, Acme.Reviews',
    method: 'Review',
    queue: 'node',
    parameters: [t.guid, t.cancellationToken],
  }),
  defineHangfireJob({
    type: 'Acme.Reviews.Batch`1+Step[[System.Collections.Generic.List`1[[System.Guid]]]], Acme.Reviews',
    method: 'Run',
    parameters: [t.int32],
  }),
]
