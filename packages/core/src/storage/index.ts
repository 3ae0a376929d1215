/** `@holdfast/core/storage`: what authors of storages and of clients need beside the names of `@holdfast/core`. */
export {
  type LeaseCommand,
  type LeaseDecision,
  type LeaseReplies,
  type LeaseState,
  decideLease,
  noLease,
} from '../locks/decide-lease.ts'
export { type LeaseLocks, leaseLocks } from '../locks/lease-locks.ts'
export type { Lockable } from '../locks/locks.ts'
export { type FeatureOptions } from '../feature.ts'
export { ClosedError } from '../errors.ts'
export { appOf } from '../support/instance.ts'
export { type Instant, type Runtime, type Timer, systemRuntime } from '../support/runtime.ts'
export {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkObject,
  checkOneOf,
  checkString,
  checkSynchronous,
  refuse,
} from '../support/checks.ts'
export {
  type Check,
  type OptionTable,
  type Resolved,
  anything,
  duration,
  integer,
  nested,
  oneOf,
  resolveOptions,
  withMethods,
  without,
} from '../support/option-table.ts'
export { endedWithLastUser } from './ended-with-last-user.ts'
export {
  type AcquireReply,
  type Durability,
  ENDED_KEPT,
  ENDED_KEPT_MS,
  type ExtendReply,
  type ExtendRequest,
  type LeaseHolder,
  type LeasePush,
  type LeaseRequest,
  type LeaseStorage,
  type LeaseView,
  RETENTION_MS,
  type ReapReply,
  type ReleaseReply,
  type ReleaseRequest,
  type RevokeReply,
  type RevokeRequest,
  attemptOf,
  processOf,
} from './leases.ts'
export type {
  DeleteReply,
  PutReply,
  ListReply,
  OnHint,
  ReadReply,
  RecordEntry,
  RecordKey,
  RecordMatch,
  RecordPage,
  RecordStorage,
  RecordWrite,
  Unsubscribe,
} from './records.ts'
export type { Connection, ConnectionState, Diagnostic, LeaseHost, Storage } from './storage.ts'
export type { KeyPattern, Removed, SetReply, StoredValue, ValueStorage } from './values.ts'
export type { FieldValue, HashSetReply, HashStorage, Life } from './hashes.ts'
export { globToPattern } from '../memory/glob.ts'
export { type AddReply, type CounterStorage, REMEMBERED_MS } from './counters.ts'
