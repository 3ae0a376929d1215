/** The C# service's verbs in Node, beside .NET: see docs/migration/from-csharp.md. */
// #region create
import { createHoldfast, type Holdfast } from '@holdfast/core'
import { createHangfire, type Hangfire } from '@holdfast/hangfire-compat'
import { ioredisClient, ioredisStorage } from '@holdfast/redis-ioredis'
import type { Redis } from 'ioredis'

/** Both on the client that you have. `prefix` of Hangfire is the one that .NET has. */
export function createBoth(redis: Redis, prefix = '{hangfire}:'): { holdfast: Holdfast; hangfire: Hangfire } {
  return {
    holdfast: createHoldfast({ storage: ioredisStorage(redis), prefix: 'reviews' }),
    hangfire: createHangfire({ client: ioredisClient(redis), prefix }),
  }
}
// #endregion

export interface Review {
  readonly repository: string
  readonly pullRequest: number
}

// #region verbs
/** Step by step, as the original had it. `null`: it runs elsewhere, or has completed within the window. */
export async function reviewByVerbs(
  { idempotency }: Pick<Holdfast, 'idempotency'>,
  { repository, pullRequest }: Review,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number | null> {
  const execution = await idempotency.tryStartExecution('AIReview', `${repository}/${pullRequest}`)
  if (execution === null) return null
  try {
    await execution.updateProgress(10, 'reading the diff')
    const findings = await work(execution.signal)
    await execution.markSuccess({ findings })
    return findings
  } catch (error) {
    await execution.markFailure(error)
    throw error
  }
}
// #endregion

// #region run
/** The same in one call, which cannot forget to record the end. */
export async function review(
  { idempotency }: Pick<Holdfast, 'idempotency'>,
  { repository, pullRequest }: Review,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const key = `${repository}/${pullRequest}`
  const { result } = await idempotency.run('AIReview', key, async (execution) => {
    await execution.updateProgress(10, 'reading the diff')
    return { findings: await work(execution.signal) }
  })
  return result.findings
}
// #endregion

// #region both
/** As long as .NET runs this job type too: the lock that .NET's job holds, and then our execution. Always in this order. */
export async function reviewBesideDotnet(
  { locks }: Pick<Hangfire, 'locks'>,
  holdfast: Pick<Holdfast, 'idempotency'>,
  job: Review,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  return await locks.run('AiReviewJobs.ProcessReviewAsync', { waitMs: 300_000 }, (lease) =>
    review(holdfast, job, (signal) => work(AbortSignal.any([lease.signal, signal]))),
  )
}
// #endregion

// #region lock
/** A lock that is no job's, and that .NET and Node share while both write the stock. */
export async function recountBesideDotnet(
  { locks: dotnet }: Pick<Hangfire, 'locks'>,
  { locks }: Pick<Holdfast, 'locks'>,
  recount: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  return await dotnet.run('stock:42', { waitMs: 60_000 }, (outer) =>
    locks.run('stock:42', { signal: outer.signal }, (inner) =>
      recount(AbortSignal.any([outer.signal, inner.signal])),
    ),
  )
}
// #endregion
