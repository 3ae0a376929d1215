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
export { type EventChannel, eventChannel } from '../events.ts'
export { type FeatureOptions } from '../feature.ts'
export { ClosedError } from '../errors.ts'
export { EXECUTION as EXECUTION_OPTIONS } from '../idempotency/options.ts'
export { type InspectedEntry, type InspectedHeader, inspectEntry } from '../cache/inspect-entry.ts'
export { type CacheKey, generationKey, readCacheKey } from '../cache/keys.ts'
export { lockOf } from '../locks/options.ts'
export { ownerOf } from '../locks/process-name.ts'
export { appOf, prefixOf } from '../support/instance.ts'
export { type Instant, type Runtime, type Timer, systemRuntime } from '../support/runtime.ts'
export { STORAGE_CLIENT, StorageClient, type StorageClientOptions } from '../support/storage-client.ts'
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
export type {
  Connection,
  ConnectionState,
  Diagnostic,
  Feature,
  LeaseHost,
  Storage,
  StorageLink,
  VerifyOptions,
} from './storage.ts'
export type { KeyPattern, Removed, Replacement, SetReply, StoredValue, ValueStorage } from './values.ts'
export type { FieldValue, HashSetReply, HashStorage, Life } from './hashes.ts'
export type {
  FeedRefusal,
  FollowOptions,
  Following,
  InvalidationFeed,
  InvalidationListener,
} from './invalidations.ts'
export { globToPattern } from '../memory/glob.ts'
export { type AddReply, type CounterStorage, REMEMBERED_MS } from './counters.ts'
