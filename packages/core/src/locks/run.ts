import { checkOneOf } from '../check.ts'
import { InvalidArgumentError } from '../errors.ts'
import { checkObject } from '../option-names.ts'
import type { Lease } from './lease.ts'
import type { LockHolder } from './lock-holder.ts'
import type { LockOptions } from './options.ts'
import { enter } from '../support/call-chain.ts'

export type LockBody<T> = (lease: Lease) => T | PromiseLike<T>

export interface SkippingLockOptions extends LockOptions {
  /**
   * `'skip'`: where others hold it, the body does not run, and `run` resolves to `{ status: 'skipped' }`. `waitMs` is 0
   * unless it is given. `'throw'` (the default): `run` throws `LockTimeoutError`.
   */
  readonly whenHeld: 'skip'
}

export interface RunLockOptions extends LockOptions {
  readonly whenHeld?: 'throw' | undefined
}

/** What became of a `run` that may be skipped. */
export type LockRun<T> =
  | { readonly status: 'executed'; readonly result: T }
  /** `holders`: those who held it then. */
  | { readonly status: 'skipped'; readonly holders: readonly LockHolder[] }

/** The last arguments of `run`: its options may be left out. */
export type RunArguments<T> = [LockBody<T>] | [SkippingLockOptions | RunLockOptions | undefined, LockBody<T>]

/** Acquires a lease, or says who holds it where that is no error. */
type Acquire = (options: LockOptions, skip: boolean) => Promise<Lease | readonly LockHolder[]>

/** Holds a lease while the body runs. */
export async function runLocked<T>(args: RunArguments<T>, acquire: Acquire): Promise<T | LockRun<T>> {
  const [options = {}, body] = args.length === 1 ? [{}, args[0]] : args
  if (typeof body !== 'function') {
    throw new InvalidArgumentError('The last argument of run must be a function.')
  }
  const { whenHeld = 'throw', ...lock } = checkObject(options)
  const skips = checkOneOf('whenHeld', whenHeld, ['throw', 'skip']) === 'skip'
  const lease = await acquire(skips ? { ...lock, waitMs: lock.waitMs ?? 0 } : lock, skips)
  if (Array.isArray(lease)) return { status: 'skipped', holders: lease as readonly LockHolder[] }
  const held = lease as Lease
  try {
    const result = await enter(held, () => body(held))
    return skips ? { status: 'executed', result } : result
  } finally {
    await held[Symbol.asyncDispose]()
  }
}
