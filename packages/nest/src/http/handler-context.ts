import { type ExecutionContext, createParamDecorator } from '@nestjs/common'

/** Where Nest keeps what each parameter of a handler is made of, by class and method; the same in 10, 11 and 12. */
const PARAMETERS = '__routeArguments__'

/** Beginnings of keys among them. */
const RESPONSE = '1:'
const NEXT = '2:'
const PASSTHROUGH = '__responsePassthrough__'

type Carrier = () => ExecutionContext

const carriers = new WeakSet<object>()

// A function, because pipes of the app see every argument, and may walk through objects or change them.
const carry = createParamDecorator((_data: unknown, context: ExecutionContext): Carrier => {
  const carrier: Carrier = () => context
  carriers.add(carrier)
  return carrier
})

/**
 * Has Nest call the handler with one more argument, behind all that it asks for, which leads to its request and
 * response. Arguments are complete when guards, interceptors and pipes have let the request through: the moment at
 * which a key may be claimed.
 */
export function passContext(prototype: object, method: string | symbol): void {
  const parameters = Reflect.getMetadata(PARAMETERS, prototype.constructor, method) as
    | Record<string, { readonly index: number }>
    | undefined
  const indexes = Object.values(parameters ?? {}).map(({ index }) => index + 1)
  carry()(prototype, method, Math.max(0, ...indexes))
}

/** Whether Nest leaves the answer to this handler: it asks for the response or for `next`, without `passthrough`. */
export function answersItself(prototype: object, method: string | symbol): boolean {
  const parameters: object | undefined = Reflect.getMetadata(PARAMETERS, prototype.constructor, method)
  const asks = Object.keys(parameters ?? {}).some((key) => key.startsWith(RESPONSE) || key.startsWith(NEXT))
  return asks && Reflect.getMetadata(PASSTHROUGH, prototype.constructor, method) !== true
}

/** The context, when it was Nest that called, and the arguments that the handler asked for. */
export function takeContext(args: readonly unknown[]): {
  readonly context: ExecutionContext | undefined
  readonly args: readonly unknown[]
} {
  const index = args.findLastIndex((arg) => typeof arg === 'function' && carriers.has(arg))
  if (index === -1) return { context: undefined, args }
  return { context: (args[index] as Carrier)(), args: args.slice(0, index) }
}
