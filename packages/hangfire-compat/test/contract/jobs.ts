/** Jobs for `contract`: every kind of parameter, at any depth. */
import { defineHangfireJob, t } from '../../src/index.ts'

const assembly = 'Acme.Contracts'
const named = (name: string): string => `Acme.Contracts.${name}, ${assembly}`

const severity = t.enumeration(named('Severity'), { Low: 0, High: 5, default: -1 })
const finding = t.object(named('Review+Finding'), {
  Line: t.int32,
  Severity: severity,
  Text: t.string,
  Seen: t.nullable(t.dateTime),
  event: t.nullable(t.string),
})
const options = t.object(named('ReviewOptions'), {
  Model: t.nullable(t.string),
  Findings: t.list(finding),
  Weights: t.dictionary(t.nullable(t.double)),
  Matrix: t.array(t.array(t.int32)),
})

export const kinds = defineHangfireJob({
  type: named('INodeReviews'),
  method: 'Kinds',
  queue: 'node',
  parameters: [
    t.guid,
    t.string,
    t.boolean,
    t.int32,
    t.int64,
    t.double,
    t.decimal,
    t.dateTime,
    t.dateTimeOffset,
    t.timeSpan,
    t.bytes,
    t.any,
  ] as const,
})

export const deep = defineHangfireJob({
  type: named('INodeReviews'),
  method: 'Deep',
  queue: 'node-slow',
  parameters: [
    t.nullable(options),
    t.nullable(severity),
    t.nullable(t.array(t.nullable(t.array(t.nullable(t.string))))),
    t.list(t.dictionary(t.nullable(t.list(t.nullable(t.guid))))),
    t.enumeration('System.DayOfWeek, mscorlib', { Sunday: 0 }),
    t.object('System.Collections.Generic.KeyValuePair`2[[System.String],[System.Int32[]]], mscorlib'),
    t.object(
      'System.Collections.Generic.Dictionary`2+KeyCollection[[System.String],[System.Guid, mscorlib]], mscorlib',
    ),
    t.cancellationToken,
    t.jobCancellationToken,
    t.performContext,
  ],
})

/** The same method with other parameters. */
export const overload = defineHangfireJob({
  type: named('INodeReviews'),
  method: 'Deep',
  queue: 'node',
  parameters: [t.object(named('Opaque'))],
})

export const others = {
  nested: defineHangfireJob({ type: named('Review+INodeJobs'), method: 'event', queue: 'node' }),
  list: [
    kinds,
    defineHangfireJob({
      type: named('IOther'),
      method: 'Run',
      queue: 'other',
      parameters: [t.nullable(options)],
    }),
  ],
  dotnet: defineHangfireJob({ type: 'Acme.Reviews.AiReviewJobs, Acme.Reviews', method: 'Run' }),
  ofNet: defineHangfireJob({ type: named('Cleaner'), method: 'Run' }),
}
