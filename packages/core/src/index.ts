// What an application names. Authors of storages and of clients find the rest in storage/index.ts.
export type { Cache } from './cache/cache.ts'
export { type CacheCodec, compressedCodec } from './cache/compressed-codec.ts'
export type { Definition, DefinitionOptions, StandardSchema } from './cache/definition.ts'
export { entry, type EntryResult } from './cache/entry-result.ts'
export { LoadTimeoutError } from './cache/errors.ts'
export { escapeGlob } from './cache/escape-glob.ts'
export type { BreakerEvent, CacheEvent, NearEvent, TracedLoad } from './cache/events.ts'
export type { CacheEntry, Load, LoadContext, LoadMissing } from './cache/load.ts'
export type { NearOptions } from './cache/near/options.ts'
export type { NearStats } from './cache/near/stats.ts'
export type {
  CacheEntryOptions,
  CacheNamespaceOptions,
  CacheOptions,
  CacheReadOptions,
  GetOrCreateOptions,
} from './cache/options.ts'
export type { CacheStats } from './cache/stats.ts'
export {
  HoldfastError,
  type HoldfastErrorCode,
  InvalidArgumentError,
  LeaseLostError,
  StorageRefusedError,
  StorageUnavailableError,
  WaitAbortedError,
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
export type { HoldfastOptions } from './holdfast-options.ts'
export type { ExecutionPage } from './idempotency/admin.ts'
export type { Idempotency, Job, JobOptions } from './idempotency/idempotency.ts'
export {
  CheckpointTooLargeError,
  CompletionUnconfirmedError,
  ExecutionCancelledError,
  ExecutionInProgressError,
  ExecutionLostError,
  ExecutionTimeoutError,
  FingerprintMismatchError,
  ResultNotStoredError,
  ResultTooLargeError,
} from './idempotency/errors.ts'
export type { IdempotencyEvent, TracedExecution, TracedJob } from './idempotency/events.ts'
export type { ExecutionContext } from './idempotency/execution-context.ts'
export { fingerprintOf } from './idempotency/fingerprint.ts'
export type { Slot, SlotOptions, SlotResult } from './idempotency/once-per-slot.ts'
export type { ExecutionOptions, ResultReferences, StartOptions } from './idempotency/options.ts'
export { RecordUnreadableError, type ExecutionSnapshot } from './idempotency/record.ts'
export { recordedFailureOf, type RecordedFailure } from './idempotency/recorded-failure.ts'
export type { RunResult, Skipped } from './idempotency/run.ts'
export type { BeginOutcome } from './idempotency/start-outcome.ts'
export type { TraceContextHooks } from './idempotency/trace-context.ts'
export { LockAbortedError, LockLostError, LockTimeoutError, NotReplicatedError } from './locks/errors.ts'
export type { LockEvent, TracedLock } from './locks/events.ts'
export type { Lease, ReleaseOutcome } from './locks/lease.ts'
export type { LeaseSet } from './locks/lease-set.ts'
export type { LockHolder } from './locks/lock-holder.ts'
export type { Locks, LockView, Semaphore } from './locks/locks.ts'
export type { LockOptions, LocksOptions } from './locks/options.ts'
export type { LockRun } from './locks/run.ts'
export { memoryStorage } from './memory/memory-storage.ts'
export type { Diagnostic, Storage } from './storage/storage.ts'
export { type Codec, jsonCodec } from './support/codec.ts'
export type { ConnectionEvent, StorageEvent } from './support/connection-events.ts'
