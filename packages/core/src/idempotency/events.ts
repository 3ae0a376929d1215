import { type EventChannel, eventChannel } from '../events.ts'

/** Published on `holdfast:idempotency`. */
export type IdempotencyEvent = {
  readonly jobType: string
  readonly jobKey: string
  readonly executionId: string
} &
  /** `takenOverFrom`: the execution whose owner was silent for its whole lease. */
  (
    | { readonly type: 'started'; readonly attempt: number; readonly takenOverFrom?: string | undefined }
    | { readonly type: 'completed' | 'released' | 'lost' | 'replayed' | 'inProgress' | 'mismatch' }
    /** `unconfirmed`: succeeded, but it may not be recorded. */
    | { readonly type: 'failed' | 'failedBefore' | 'unconfirmed'; readonly error: unknown }
  )

export const executions: EventChannel<IdempotencyEvent> = eventChannel('holdfast:idempotency')
