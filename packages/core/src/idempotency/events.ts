import { type EventChannel, eventChannel } from '../events.ts'
import type { ResultOmission } from './snapshot.ts'

/** Published on `holdfast:idempotency`. */
export type IdempotencyEvent = {
  readonly jobType: string
  readonly jobKey: string
  readonly executionId: string
} &
  /** `takenOverFrom`: the execution whose owner was silent for its whole lease. */
  (
    | { readonly type: 'started'; readonly attempt: number; readonly takenOverFrom?: string | undefined }
    /** Why the result was not kept, as in snapshots; absent when it was. */
    | ({ readonly type: 'completed' } & Partial<ResultOmission>)
    | { readonly type: 'released' | 'lost' | 'replayed' | 'inProgress' | 'mismatch' }
    /** `unconfirmed`: succeeded, but it may not be recorded. */
    | { readonly type: 'failed' | 'failedBefore' | 'unconfirmed'; readonly error: unknown }
  )

export const executions: EventChannel<IdempotencyEvent> = eventChannel('holdfast:idempotency')
