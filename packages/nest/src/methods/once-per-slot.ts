import type { Slot, SlotOptions } from '@holdfast/core'
import { type SkippingDecoratorFor, type TextOf, aroundMethod, textFor } from './around-method.ts'
import { executions } from './current.ts'
import { injectedHoldfast } from './injected-holdfast.ts'

/** What `@OncePerSlot` takes. */
export interface OncePerSlotOptions extends Omit<SlotOptions, 'signal' | 'onProgress'> {
  /**
   * The named instance to use.
   * @default the unnamed one
   */
  readonly holdfast?: string
}

/** Makes the slot of a call's arguments; a `function` has the object of the method as `this`. */
export type SlotOf<Args extends readonly unknown[]> = (this: never, ...args: Args) => Slot

/**
 * For schedules that fire on every instance, such as `@Cron`: of all calls for one slot, late ones included, one runs the
 * method. The others return undefined, without an error, when it is done or the slot is over (`onInProgress: 'skip'`: at
 * once). The slot comes from the schedule: `@OncePerSlot('report', { everyMs: 60_000 })` for `@Cron('* * * * *')`.
 * `currentExecution()` is the execution. @throws what `Idempotency.oncePerSlot` throws
 */
export function OncePerSlot<Args extends readonly unknown[]>(
  name: string | TextOf<Args>,
  slot: Slot | SlotOf<Args>,
  { holdfast, ...options }: OncePerSlotOptions = {},
): SkippingDecoratorFor<Args> {
  return (prototype, method, descriptor) => {
    const holdfastOf = injectedHoldfast(prototype, holdfast)
    aroundMethod(method, descriptor, async (call) => {
      const { idempotency } = holdfastOf(call.self)
      const turn = typeof slot === 'function' ? Reflect.apply(slot, call.self, call.args as never[]) : slot
      const outcome = await idempotency.oncePerSlot(textFor(name, call), turn, options, (execution) =>
        executions.run(execution, () => call.proceed()),
      )
      return outcome.status === 'executed' ? outcome.result : undefined
    })
  }
}
