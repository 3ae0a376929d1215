export {
  type HoldfastHealth,
  HoldfastHealthIndicator,
  type HoldfastHealthResult,
} from './health-indicator.ts'
export {
  Cache,
  Holdfast,
  Idempotency,
  InjectCache,
  type InjectDecorator,
  InjectHoldfast,
  InjectIdempotency,
  InjectLocks,
  Locks,
} from './features.ts'
export { HoldfastModule } from './holdfast-module.ts'
export type {
  HoldfastModuleAsyncOptions,
  HoldfastModuleOptions,
  HoldfastModulePlacement,
  HoldfastModuleSettings,
  HoldfastOptionsFactory,
  ModuleSettings,
} from './module-options.ts'
export {
  getCacheToken,
  getHealthIndicatorToken,
  getHoldfastToken,
  getIdempotencyToken,
  getLocksToken,
} from './tokens.ts'
export type { MethodDecoratorFor, SkippingDecoratorFor, TextOf } from './methods/around-method.ts'
export {
  CacheEvict,
  type CacheEvictOptions,
  type EvictTagsOptions,
  type KeysOf,
} from './methods/cache-evict.ts'
export { Cached, type CachedOptions } from './methods/cached.ts'
export { currentExecution, currentLease, currentRequestExecution } from './methods/current.ts'
export { IdempotentJob, type IdempotentJobOptions } from './methods/idempotent-job.ts'
export { attachHoldfast } from './methods/injected-holdfast.ts'
export { Locked, type LockedOptions } from './methods/locked.ts'
export { OncePerSlot, type OncePerSlotOptions, type SlotOf } from './methods/once-per-slot.ts'
export { IDEMPOTENT_METADATA, Idempotent } from './http/idempotent.ts'
export type { HttpIdempotencyDefaults, IdempotentOptions } from './http/options.ts'
export { IdempotencyProblemException } from './http/problem-exception.ts'
