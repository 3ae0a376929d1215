import type { Lease, LockOptions } from '@holdfast/core'
import {
  type MethodDecoratorFor,
  type SkippingDecoratorFor,
  type TextOf,
  aroundMethod,
  textFor,
} from './around-method.ts'
import { leases } from './current.ts'
import { injectedHoldfast } from './injected-holdfast.ts'

/** What `@Locked` takes. */
export interface LockedOptions extends Omit<LockOptions, 'signal'> {
  /**
   * When others held the lock for all of `waitMs`: `throw` `LockTimeoutError`, or `skip` the call, which
   * then returns undefined. `waitMs` is 0 by default with `skip`. Work that is done already is not skipped: where a
   * schedule fires on several instances, `@OncePerSlot` lets one of them work.
   * @default 'throw'
   */
  readonly whenHeld?: 'throw' | 'skip'
  /**
   * The named instance to use.
   * @default the unnamed one
   */
  readonly holdfast?: string
}

/**
 * Runs the method under a lock of that name, across all processes. The lease is renewed while the method runs and
 * released when it has ended; `currentLease()` is it. `@Locked((orderId: string) => `order:${orderId}`)` makes the
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
  return (prototype, method, descriptor) => {
    const holdfastOf = injectedHoldfast(prototype, holdfast)
    aroundMethod(method, descriptor, async (call) => {
      const { locks } = holdfastOf(call.self)
      const body = (lease: Lease): Promise<unknown> => leases.run(lease, () => call.proceed())
      if (whenHeld === 'throw') return locks.run(textFor(name, call), lock, body)
      const outcome = await locks.run(textFor(name, call), { ...lock, whenHeld }, body)
      return outcome.status === 'skipped' ? undefined : outcome.result
    })
  }
}
