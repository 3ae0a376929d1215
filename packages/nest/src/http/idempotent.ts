import { RequestMethod } from '@nestjs/common'
import { aroundMethod } from '../methods/around-method.ts'
import { injectProperty, onInjected } from '../methods/injected-property.ts'
import { DEFAULT_NAME, getHttpRuntimeToken } from '../tokens.ts'
import { handleOnce } from './handle-once.ts'
import { answersItself, passContext, takeContext } from './handler-context.ts'
import { describeRoute } from './openapi.ts'
import type { HttpRuntime } from './http-runtime.ts'
import type { HttpIdempotencyDefaults, IdempotentOptions } from './options.ts'

/** Under this key a handler's options can be read by a `Reflector`, to document the route for example. */
export const IDEMPOTENT_METADATA = 'holdfast:idempotent'

/** Where Nest keeps which HTTP method a handler answers. */
const METHOD_METADATA = 'method'

let decorated = false

/** Whether any route of this process is idempotent; nothing is installed in an app without one. */
export function hasIdempotentRoutes(): boolean {
  return decorated
}

/**
 * Makes a route idempotent by the `Idempotency-Key` header: the first request runs the handler, every further one with
 * that key gets the very same answer. The key is claimed when guards, interceptors and pipes have let the request
 * through, and what is recorded is what leaves: after interceptors and exception filters.
 *
 * On a controller, all of its handlers that answer one of `methods` (default POST and PATCH) are idempotent; a handler
 * that is decorated itself has its own options.
 */
export function Idempotent<Request = unknown>(
  options: IdempotentOptions<Request> = {},
): ClassDecorator & MethodDecorator {
  const { holdfast: name, ...http } = options as IdempotentOptions<never>
  return (target: object, method?: string | symbol, descriptor?: PropertyDescriptor): void => {
    if (method !== undefined) decorateHandler(target, method, descriptor, http, name)
    else decorateController((target as { readonly prototype: object }).prototype, http, name)
  }
}

function decorateController(
  prototype: object,
  http: HttpIdempotencyDefaults,
  name: string | undefined,
): void {
  const methods = http.methods ?? ['POST', 'PATCH']
  for (const key of Reflect.ownKeys(prototype)) {
    const descriptor = Object.getOwnPropertyDescriptor(prototype, key)
    const handler: unknown = descriptor?.value
    if (descriptor === undefined || typeof handler !== 'function') continue
    const requestMethod = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined
    if (requestMethod === undefined || !methods.includes(String(RequestMethod[requestMethod]))) continue
    if (Reflect.hasMetadata(IDEMPOTENT_METADATA, handler)) continue
    decorateHandler(prototype, key, descriptor, http, name)
    Object.defineProperty(prototype, key, descriptor)
  }
}

function decorateHandler(
  prototype: object,
  method: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  http: HttpIdempotencyDefaults,
  name: string = DEFAULT_NAME,
): void {
  const route = `${prototype.constructor.name}.${String(method)}`
  const property = Symbol.for(`holdfast:${name}:http:injected`)
  const token = getHttpRuntimeToken(name)
  decorated = true
  const traits = { answersItself: answersItself(prototype, method) }
  passContext(prototype, method)
  injectProperty(prototype, property, token)
  aroundMethod(method, descriptor, async (call) => {
    const { context, args } = takeContext(call.args)
    const runtime = (call.self as Record<symbol, HttpRuntime | undefined>)[property]
    const proceed = (): unknown => call.apply(args)
    if (context === undefined || runtime === undefined) return proceed()
    return handleOnce(runtime.engineFor(http, route), context, runtime.closing, traits, proceed)
  })
  const handler = descriptor?.value as object
  Reflect.defineMetadata(IDEMPOTENT_METADATA, http, handler)
  describeRoute(handler, http)
  // When the app starts: wrong options keep it from starting, and the module's defaults are known.
  onInjected(prototype, property, (injected) => {
    const runtime = injected as HttpRuntime
    runtime.engineFor(http, route)
    describeRoute(handler, runtime.optionsOf(http))
  })
}
