export type { Cache, CacheEntryOptions, CacheOptions, CacheStats } from './cache/cache.ts'
export type { BreakerEvent, CacheEvent, TracedLoad } from './cache/events.ts'
export type { ConnectionEvent } from './support/connection-events.ts'
export { type Codec, jsonCodec } from './support/codec.ts'
export {
  ClosedError,
  HoldfastError,
  type HoldfastErrorCode,
  InvalidArgumentError,
  LeaseLostError,
  SelfDeadlockError,
  StorageRefusedError,
  StorageUnavailableError,
} from './errors.ts'
export type { Trace } from './events.ts'
export {
  type ClosableCache,
  createCache,
  createHoldfast,
  createIdempotency,
  createLocks,
  type Health,
  type Holdfast,
} from './holdfast.ts'
export type { Administration, ExecutionPage, ListOptions } from './idempotency/administration.ts'
export type { BeginOutcome } from './idempotency/start-outcome.ts'
export type { Job, JobBody, JobOptions, JobStartOptions, SkippingJobOptions } from './idempotency/define.ts'
export {
  CheckpointTooLargeError,
  CompletionUnconfirmedError,
  ExecutionAbandonedError,
  ExecutionCancelledError,
  ExecutionInProgressError,
  ExecutionLostError,
  ExecutionTimeoutError,
  FingerprintMismatchError,
  ResultNotStoredError,
  ResultTooLargeError,
  WaitAbortedError,
} from './idempotency/errors.ts'
export type { IdempotencyEvent, Replay, Successor, TracedJob, WaitOutcome } from './idempotency/events.ts'
export type {
  ExecutionContext,
  FailureOptions,
  ProgressOptions,
  ReleaseOptions,
  SuccessOptions,
} from './idempotency/execution-context.ts'
export { fingerprintOf } from './idempotency/fingerprint.ts'
export type { Following } from './idempotency/following.ts'
export type { HoldfastOptions } from './holdfast-options.ts'
export type { Idempotency } from './idempotency/idempotency.ts'
export type { LossReason } from './idempotency/errors.ts'
export type { Slot, SlotOptions, SlotResult } from './idempotency/once-per-slot.ts'
export type {
  AnyStartOptions,
  ExecutionOptions,
  ResultReferences,
  SkippingOptions,
  StartOptions,
} from './idempotency/options.ts'
export { type RecordedFailure, recordedFailureOf } from './idempotency/recorded-failure.ts'
export type { RunResult, Skipped } from './idempotency/run.ts'
export type { Body } from './idempotency/run-body.ts'
export { RecordUnreadableError, type StoredError } from './idempotency/record.ts'
export type { ExecutionSnapshot } from './idempotency/snapshot.ts'
export {
  type LeaseCommand,
  type LeaseDecision,
  type LeaseReplies,
  type LeaseState,
  decideLease,
  noLease,
} from './locks/decide-lease.ts'
export {
  type LeaseLoss,
  LockAbortedError,
  LockLostError,
  LockTimeoutError,
  NotReplicatedError,
} from './locks/errors.ts'
export type { LockEvent, TracedLock } from './locks/events.ts'
export type { Lease, ReleaseOutcome } from './locks/lease.ts'
export type { LeaseSet } from './locks/lease-set.ts'
export type { Lockable, Locks, LockView, RevokeOptions, Semaphore, TryLockOptions } from './locks/locks.ts'
export type { LockHolder } from './locks/lock-holder.ts'
export type { LockBody, LockRun, RunLockOptions, SkippingLockOptions } from './locks/run.ts'
export type { LockOptions, LocksOptions } from './locks/options.ts'
export type { CloseOptions } from './support/close-options.ts'
export { type MemoryStorageOptions, memoryStorage } from './memory/memory-storage.ts'
export { type Instant, type Runtime, type Timer, systemRuntime } from './support/runtime.ts'
export type { StorageClientOptions } from './support/storage-client.ts'
export { endedWithLastUser } from './storage/ended-with-last-user.ts'
export { ENDED_KEPT, ENDED_KEPT_MS, RETENTION_MS, attemptOf, processOf } from './storage/leases.ts'
export type * from './storage/leases.ts'
export type * from './storage/records.ts'
export type * from './storage/storage.ts'
export type * from './storage/values.ts'
