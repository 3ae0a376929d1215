import type { Diagnostic } from '@holdfast/core'
import type { FeedRefusal } from '@holdfast/core/storage'

/** Everything that `verify()` can find on a Redis. */
export type FindingCode =
  | 'CLOCK_DIFFERENCE'
  | 'MASTERS_CLOCK_DIFFERENCE'
  | 'SERVER_NOT_SHOWN'
  | 'SERVER_TOO_OLD'
  | 'REPLICA'
  | 'EVICTION_POLICY'
  | 'KEYS_EVICTED'
  | 'PERSISTENCE_NOT_SHOWN'
  | 'NO_PERSISTENCE'
  | 'SNAPSHOTS_ONLY'
  | 'COUNT_REFUSED'
  | 'COMMANDS_REFUSED'
  | 'SUBSCRIBE_REFUSED'
  | 'PUBLISH_REFUSED'
  | FeedRefusal['code']

/** A finding whose code is one of these: a misspelt one does not compile. */
export interface Finding extends Diagnostic {
  readonly code: FindingCode
}
