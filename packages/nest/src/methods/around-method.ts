import { InvalidArgumentError } from '@holdfast/core'

/** Parameters that begin with `Args`. */
type Beginning<Args extends readonly unknown[]> = readonly [...Args, ...unknown[]]

/**
 * Decorates a method that returns a promise and whose parameters begin with `Args`: those of the function that makes
 * the name or key of it; and with `More`, those of a second such function.
 */
export type MethodDecoratorFor<Args extends readonly unknown[], More extends readonly unknown[] = []> = <
  Params extends Beginning<Args> & Beginning<More>,
  Result,
>(
  prototype: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<(...args: Params) => Promise<Result>>,
) => void

/** As {@link MethodDecoratorFor}, for what may return without having run the method: its result may be undefined. */
export type SkippingDecoratorFor<Args extends readonly unknown[], More extends readonly unknown[] = []> = <
  Params extends Beginning<Args> & Beginning<More>,
  Result,
>(
  prototype: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<(...args: Params) => Promise<Result | undefined>>,
) => void

/** Makes a text of a call's arguments; a `function` has the object of the method as `this`. */
export type TextOf<Args extends readonly unknown[]> = (this: never, ...args: Args) => string

/** Makes texts of a call's arguments; a `function` has the object of the method as `this`. */
export type TextsOf<Args extends readonly unknown[]> = (this: never, ...args: Args) => readonly string[]

/** One call of a decorated method. */
export interface Call {
  readonly self: object
  readonly args: readonly unknown[]
  /** Runs the method itself, with the arguments of the call unless others are given. */
  proceed(args?: readonly unknown[]): Promise<unknown>
  /** The same, but what the method returns or throws is returned or thrown as it is. */
  apply(args: readonly unknown[]): unknown
}

/**
 * Puts `around` in the place of a method. The new one passes for the old: same name and length, same metadata, so that
 * routes, schedules, guards and other decorators above or below find what they look for.
 */
export function aroundMethod(
  method: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  around: (call: Call) => Promise<unknown>,
): void {
  const original: unknown = descriptor?.value
  if (descriptor === undefined || typeof original !== 'function') {
    throw new InvalidArgumentError(`${String(method)} is not a method; this decorator is only for methods.`)
  }
  async function wrapper(this: object, ...args: unknown[]): Promise<unknown> {
    const apply = (given: readonly unknown[]): unknown =>
      Reflect.apply(original as () => unknown, this, given)
    // Async, so that a method that throws at once rejects like any other.
    const proceed = async (given: readonly unknown[] = args): Promise<unknown> => apply(given)
    return around({ self: this, args, proceed, apply })
  }
  for (const key of Reflect.ownKeys(original)) {
    const property = Object.getOwnPropertyDescriptor(original, key)
    if (key !== 'prototype' && property?.configurable) Object.defineProperty(wrapper, key, property)
  }
  for (const key of Reflect.getOwnMetadataKeys(original)) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), wrapper)
  }
  descriptor.value = wrapper
}

/** What `text` says for this call. */
export function textFor<Args extends readonly unknown[]>(text: string | TextOf<Args>, call: Call): string {
  return typeof text === 'string' ? text : Reflect.apply(text, call.self, call.args as never[])
}

/** What `texts` says for this call. */
export function textsFor<Args extends readonly unknown[]>(
  texts: readonly string[] | TextsOf<Args>,
  call: Call,
): readonly string[] {
  return typeof texts === 'function' ? Reflect.apply(texts, call.self, call.args as never[]) : texts
}
