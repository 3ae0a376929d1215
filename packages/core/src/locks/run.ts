import { InvalidArgumentError } from '../errors.ts'
import { checkObject, checkOneOf } from '../support/checks.ts'
import type { Lease } from './lease.ts'
import type { LockHolder } from './lock-holder.ts'
import type { RequestMode } from './acquire-call.ts'
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

type Acquire<Lock> = (
  lock: Lock,
  options: LockOptions | undefined,
  mode?: RequestMode<readonly LockHolder[]>,
) => Promise<Lease | readonly LockHolder[]>

/** `run` with `whenHeld: 'skip'`. */
const SKIP: RequestMode<readonly LockHolder[]> = { whenHeld: (holders) => holders }

/** Holds a lease while the body runs. */
export async function runLocked<Lock, T>(
  lock: Lock,
  args: RunArguments<T>,
  acquire: Acquire<Lock>,
): Promise<T | LockRun<T>> {
  const [options, body] = args.length === 1 ? [undefined, args[0]] : args
  if (typeof body !== 'function') {
    throw new InvalidArgumentError('run needs its body as the last argument: a function.')
  }
  let lockOptions: LockOptions | undefined
  let skips = false
  if (options !== undefined) {
    const { whenHeld = 'throw', ...given } = checkObject('The options', options)
    skips = checkOneOf('whenHeld', whenHeld, ['throw', 'skip']) === 'skip'
    lockOptions = skips ? { ...given, waitMs: given.waitMs ?? 0 } : given
  }
  const lease = await acquire(lock, lockOptions, skips ? SKIP : undefined)
  if (isHolders(lease)) return { status: 'skipped', holders: lease }
  try {
    const result = await enter(lease, body, lease)
    return skips ? { status: 'executed', result } : result
  } finally {
    await lease[Symbol.asyncDispose]()
  }
}

function isHolders(given: Lease | readonly LockHolder[]): given is readonly LockHolder[] {
  return Array.isArray(given)
}
