import type { Lease } from './lease.ts'
import type { LockHolder } from './lock-holder.ts'
import type { LockSettings, LockTarget } from './options.ts'

/** How a lease is asked for. */
export interface RequestMode<R> {
  /** In place of what the options say. */
  readonly override?: Pick<Partial<LockSettings>, 'waitMs' | 'outlivesOwners'>
  /** What it resolves to where others hold it, and that is no error. */
  readonly whenHeld?: ((holders: readonly LockHolder[]) => R) | undefined
}

/** What a caller wants, and where the answer goes. */
export interface AcquireCall {
  readonly target: LockTarget
  readonly settings: LockSettings
  resolve(lease: Lease): void
  reject(error: unknown): void
  /** Where it is no error that others hold the lock. */
  readonly skip?: ((holders: readonly LockHolder[]) => void) | undefined
}
