/** Compiled, never run: what a definition promises about its arguments. */
import { type ArgumentsOf, type HangfireJob, type ValuesOf, defineHangfireJob, t } from '../../src/index.ts'
import { decodeCall, encodeCall } from '../../src/jobs/job-definition.ts'
import type { Dialect } from '../../src/wire/dialect.ts'
import type { Invocation } from '../../src/wire/invocation.ts'

interface Options {
  readonly Model: string
}

const review = defineHangfireJob({
  type: 'Acme.Contracts.INodeReviews, Acme.Contracts',
  method: 'Review',
  queue: 'node',
  parameters: [
    t.guid,
    t.performContext,
    t.int64,
    t.nullable(t.object<Options>('Acme.Contracts.Options, Acme.Contracts')),
    t.enumeration('System.DayOfWeek, mscorlib', { Sunday: 0, Friday: 5 }),
    t.list(t.decimal),
    t.cancellationToken,
  ],
})

type Gets = readonly [string, bigint, Options | null, 0 | 5, readonly string[]]
type Passes = readonly [string, bigint | number, Options | null, 0 | 5, readonly (string | number | bigint)[]]

export function arguments_(dialect: Dialect, call: Invocation, job: typeof review): void {
  job satisfies HangfireJob<Gets, Passes>
  decodeCall(job, call) satisfies Gets
  encodeCall(job, ['3f25…', 5, { Model: 'x' }, 5, [1.5, '12.30']], dialect)
  encodeCall(job, ['3f25…', 5n, null, 0, []], dialect)
  // @ts-expect-error The server fills in what is injected.
  encodeCall(job, ['3f25…', undefined, 5, null, 0, []], dialect)
  // @ts-expect-error Null only where .NET takes it.
  encodeCall(job, [null, 5, null, 0, []], dialect)
  // @ts-expect-error No such value of the enum.
  encodeCall(job, ['3f25…', 5, null, 4, []], dialect)
  // @ts-expect-error A member is misspelt.
  encodeCall(job, ['3f25…', 5, { model: 'x' }, 5, []], dialect)
}

export const nothing: ArgumentsOf<readonly []> = []
export const none: ValuesOf<readonly [typeof t.cancellationToken]> = []

defineHangfireJob({ type: 'Acme.Jobs, Acme', method: 'Run' }) satisfies HangfireJob<readonly []>

// @ts-expect-error A number is no parameter.
defineHangfireJob({ type: 'Acme.Jobs, Acme', method: 'Run', parameters: [5] })
