import { HoldfastError, type LockOptions } from '@holdfast/core'
import {
  type MethodDecoratorFor,
  type SkippingDecoratorFor,
  type TextOf,
  aroundMethod,
  textFor,
} from './around-method.ts'
import { leases } from './current.ts'
import { injectedHoldfast } from './injected-holdfast.ts'

export interface LockedOptions extends Omit<LockOptions, 'signal'> {
  /**
   * When others held the lock for all of `waitMs`: `throw` (default) `LockTimeoutError`, or `skip` the call, which
   * then returns undefined. `waitMs` is 0 by default with `skip`: of several instances that wake up at the same
   * time, one does the work.
   */
  readonly whenHeld?: 'throw' | 'skip'
  /** The named instance to use. Default: the unnamed one. */
  readonly holdfast?: string
}

/**
 * Runs the method under a lock of that name, across all processes. The lease is renewed while the method runs and
 * given back when it has ended; `currentLease()` is it. `@Locked((orderId: string) => `order:${orderId}`)` makes the
 * name of the arguments. @throws what `Locks.run` throws
 */
export function Locked<Args extends readonly unknown[]>(
  name: string | TextOf<Args>,
  options: LockedOptions & { readonly whenHeld: 'skip' },
): SkippingDecoratorFor<Args>
export function Locked<Args extends readonly unknown[]>(
  name: string | TextOf<Args>,
  options?: LockedOptions,
): MethodDecoratorFor<Args>
export function Locked<Args extends readonly unknown[]>(
  name: string | TextOf<Args>,
  { whenHeld = 'throw', holdfast, ...lock }: LockedOptions = {},
): MethodDecoratorFor<Args> {
  const options: LockOptions = whenHeld === 'skip' ? { waitMs: 0, ...lock } : lock
  return (prototype, method, descriptor) => {
    const holdfastOf = injectedHoldfast(prototype, holdfast)
    aroundMethod(method, descriptor, async (call) => {
      let entered = false
      try {
        return await holdfastOf(call.self).locks.run(textFor(name, call), options, (lease) => {
          entered = true
          return leases.run(lease, () => call.proceed())
        })
      } catch (error) {
        if (whenHeld === 'skip' && !entered && isTimeout(error)) return undefined
        throw error
      }
    })
  }
}

function isTimeout(error: unknown): boolean {
  return HoldfastError.isInstance(error) && error.code === 'LOCK_TIMEOUT'
}
