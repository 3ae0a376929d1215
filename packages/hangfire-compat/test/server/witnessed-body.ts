import type { Redis } from 'ioredis'
import { type HangfireHandler, handle } from '../../src/server/handle.ts'
import { echo } from './jobs.ts'

/** A body writes what it does into the list `witness`, also when its process dies after that. */
export interface Witness {
  readonly redis: Redis
  readonly prefix: string
  /** Of the server. */
  readonly name: string
}

/**
 * `held…` waits for its signal; `locked…` returns while .NET holds the lock of its state, so that core has its result and
 * Hangfire has not; any other returns.
 */
export function witnessedBody(
  { redis, prefix, name }: Witness,
  onAbort: (text: string, reason: unknown) => void,
): HangfireHandler {
  return handle(echo, { idempotency: { leaseMs: 6_000 } }, async ([text], job) => {
    // Before anything is awaited: a process that stands still then finds its signal aborted.
    const aborted = new Promise<void>((resolve) => {
      job.signal.addEventListener('abort', () => {
        onAbort(text, job.signal.reason)
        resolve()
      })
    })
    await redis.rpush(`${prefix}witness`, `${text} begun by ${name}`)
    if (text.startsWith('held')) {
      await aborted
      throw job.signal.reason
    }
    if (text.startsWith('locked')) await redis.set(`${prefix}job:${job.id}:state-lock`, 'dotnet')
    await redis.rpush(`${prefix}witness`, `${text} returned by ${name}`)
    return text
  })
}
