import { channel } from 'node:diagnostics_channel'
import type { ExecutionContext } from '@holdfast/core'

/**
 * Published on `holdfast:http`: exactly one for each request that an idempotent route received. The client's key never
 * appears: `jobKey` is its hash.
 */
export type HttpIdempotencyEvent = {
  /** The route, as executions are listed: `http:POST /v1/orders`. */
  readonly jobType: string
  /** Null when there was no usable key. */
  readonly jobKey: string | null
} &
  /** The handler ran, `recorded` says what became of its answer. */
  (
    | {
        readonly type: 'executed'
        readonly executionId: string
        readonly attempt: number
        /** Null when it never answered. */
        readonly status: number | null
        readonly recorded: Recorded
        /** Why it could not be recorded, or what the handler threw. */
        readonly error?: unknown
      }
    /** The client got the recorded answer. */
    | { readonly type: 'replayed'; readonly executionId: string; readonly status: number }
    /** The route answered by itself, with a problem of this `code`. */
    | {
        readonly type: 'refused'
        readonly code: string
        readonly status: number
        /** Why the storage could not be asked, or its record not be read. */
        readonly error?: unknown
      }
    /** Ran without protection, as the options allow. */
    | { readonly type: 'bypassed'; readonly reason: BypassReason; readonly error?: unknown }
  )

/**
 * `stored` is replayed; `tombstone` is neither replayed nor made again; `failed` may run again as the next attempt;
 * `released` as the same; `unconfirmed` and `lost`: the answer was delivered, but not recorded.
 */
export type Recorded = 'stored' | 'tombstone' | 'failed' | 'released' | 'unconfirmed' | 'lost'

/**
 * Why a request runs without protection: its method is not protected, it has no key, or the storage did not answer
 * and `onStorageUnavailable` allows it.
 */
export type BypassReason = 'method' | 'noKey' | 'storageUnavailable'

const requests = channel('holdfast:http')

/** Builds and publishes an event, if anything listens. */
export function publish(event: () => HttpIdempotencyEvent): void {
  if (requests.hasSubscribers) requests.publish(event())
}

const bodies = channel('tracing:holdfast:idempotency.body:start')

/** Calls the handler as the body of its execution: a store that is bound to bodies has it there. */
export function asBody<T>(
  {
    jobType,
    jobKey,
    executionId,
    attempt,
  }: Pick<ExecutionContext, 'jobType' | 'jobKey' | 'executionId' | 'attempt'>,
  handler: () => T,
): T {
  if (!bodies.hasSubscribers) return handler()
  return bodies.runStores({ jobType, jobKey, executionId, attempt }, handler)
}

/** The member of an event that is there only when there is something to say. */
export function withError(error: unknown): { readonly error?: unknown } {
  return error === undefined ? {} : { error }
}
