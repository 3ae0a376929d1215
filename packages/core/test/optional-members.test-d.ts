/**
 * Compiled, never run: an undefined member of options counts as absent, and the types allow it also where
 * `exactOptionalPropertyTypes` distinguishes the two. Else `{ limit, cursor: page.cursor }` would not compile.
 */
import type * as core from '@holdfast/core'
import { createHoldfast, memoryStorage } from '@holdfast/core'

/** The names of the optional members that refuse undefined, within members that are options themselves, too. */
type Strict<T> = T extends
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | ((...args: never[]) => unknown)
  ? never
  : {
      [K in keyof T & string]-?: object extends Pick<T, K>
        ? Record<K, undefined> extends Pick<T, K>
          ? never
          : K
        : never
    }[keyof T & string]

/** The options that a method takes last. */
type Last<F> = F extends (...args: infer Args) => unknown
  ? Required<Args> extends [...unknown[], infer Options]
    ? Options
    : never
  : never

declare const strict: {
  readonly holdfast: Strict<core.HoldfastOptions>
  readonly close: Strict<Last<core.Holdfast['close']>>
  readonly execution: Strict<core.ExecutionOptions>
  readonly idempotency: Strict<NonNullable<core.HoldfastOptions['idempotency']>>
  readonly idempotencyAlone: Strict<NonNullable<Last<typeof core.createIdempotency>>>
  readonly start: Strict<core.StartOptions>
  readonly job: Strict<core.JobOptions<string>>
  readonly jobStart: Strict<Last<core.Job<string>['tryStartExecution']>>
  readonly progress: Strict<Last<core.ExecutionContext['updateProgress']>>
  readonly success: Strict<Last<core.ExecutionContext['markSuccess']>>
  readonly failure: Strict<Last<core.ExecutionContext['markFailure']>>
  readonly release: Strict<Last<core.ExecutionContext['release']>>
  readonly list: Strict<Last<core.Idempotency['list']>>
  readonly cancel: Strict<Last<core.Idempotency['requestCancel']>>
  readonly jobCancel: Strict<Last<core.Job<string>['requestCancel']>>
  readonly cleanup: Strict<Last<core.Idempotency['cleanupExpiredExecutions']>>
  readonly wait: Strict<Last<core.Idempotency['waitForCompletion']>>
  readonly watch: Strict<Last<core.Idempotency['watch']>>
  readonly idempotencyClose: Strict<Last<core.Idempotency['close']>>
  readonly lock: Strict<core.LockOptions>
  readonly locks: Strict<core.LocksOptions>
  readonly tryLock: Strict<Last<core.Locks['tryAcquire']>>
  readonly durability: Strict<NonNullable<core.LockOptions['durability']>>
  readonly revoke: Strict<Last<core.Locks['revoke']>>
  readonly locksClose: Strict<Last<core.Locks['close']>>
  readonly entry: Strict<core.CacheEntryOptions>
  readonly cache: Strict<core.CacheOptions>
  readonly degraded: Strict<NonNullable<core.CacheOptions['degraded']>>
  readonly read: Strict<core.CacheReadOptions>
  readonly load: Strict<core.GetOrCreateOptions>
  readonly definition: Strict<core.DefinitionOptions<string, unknown>>
  readonly pattern: Strict<Last<core.Cache['removeByPattern']>>
  readonly count: Strict<Last<core.Cache['increment']>>
  readonly hash: Strict<Last<core.Cache['hashSet']>>
  readonly compressed: Strict<Last<typeof core.compressedCodec>>
  readonly memory: Strict<NonNullable<Last<typeof core.memoryStorage>>>
}
strict satisfies Readonly<Record<keyof typeof strict, never>>

// The test itself distinguishes them.
type Probe = Strict<{ readonly strict?: number; readonly loose?: number | undefined; readonly must: number }>
'strict' satisfies Probe
// @ts-expect-error It may be undefined.
'loose' satisfies Probe
// @ts-expect-error It is not optional.
'must' satisfies Probe

interface Order {
  readonly id: string
}

export async function natural(maybe: number | undefined, reason: string | undefined): Promise<number> {
  await using holdfast = createHoldfast({ storage: memoryStorage(), idempotency: { leaseMs: maybe } })
  const { idempotency } = holdfast
  let cursor: string | undefined
  do {
    const page = await idempotency.list('job', { limit: maybe, cursor })
    cursor = page.cursor
  } while (cursor !== undefined)
  await idempotency.requestCancel('job', 'k', { reason })
  // The result of a job is unknown until its type is given.
  const job = idempotency.define<Order>('job', { key: ({ id }) => id, fingerprint: undefined })
  const { result } = await job.run({ id: 'a' }, () => 1)
  // @ts-expect-error
  result satisfies number
  const typed: core.Job<Order> = job
  const lengths = idempotency.define<Order, number>('length', { key: ({ id }) => id })
  return (await lengths.run({ id: typed.jobType }, (_, { id }) => id.length)).result
}
