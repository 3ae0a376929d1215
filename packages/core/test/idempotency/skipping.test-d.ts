import type { Idempotency, Job, RunResult, Skipped, StartOptions } from '@holdfast/core'
import { expectTypeOf } from 'vitest'

declare const idempotency: Idempotency
declare const job: Job<string, number>
declare const options: StartOptions

const skip = { onInProgress: 'skip' } as const

// Only callers with onInProgress: 'skip' can get a skipped result.
expectTypeOf(idempotency.run('job', 'k', () => 1)).resolves.toEqualTypeOf<RunResult<number>>()
expectTypeOf(idempotency.run('job', 'k', options, () => 1)).resolves.toEqualTypeOf<RunResult<number>>()
expectTypeOf(idempotency.run('job', 'k', skip, () => 1)).resolves.toEqualTypeOf<RunResult<number> | Skipped>()
expectTypeOf(job.run('k', options, () => 1)).resolves.toEqualTypeOf<RunResult<number>>()
expectTypeOf(job.run('k', skip, () => 1)).resolves.toEqualTypeOf<RunResult<number> | Skipped>()

const result = await idempotency.run('job', 'k', { onInProgress: 'skip', leaseMs: 1_000 }, () => 1)
if (result.status !== 'skipped') expectTypeOf(result.result).toEqualTypeOf<number>()
else expectTypeOf(result.snapshot.instance).toEqualTypeOf<string | null>()
