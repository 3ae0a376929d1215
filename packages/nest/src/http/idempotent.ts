import { RequestMethod } from '@nestjs/common'
import { aroundMethod } from '../methods/around-method.ts'
import { injectProperty, onInjected } from '../methods/injected-property.ts'
import { DEFAULT_NAME, getHttpRuntimeToken, getInjectedProperty } from '../tokens.ts'
import { handleOnce } from './handle-once.ts'
import { answersItself, passContext, takeContext } from './handler-context.ts'
import { METHOD_METADATA, methodsIn } from './nest-metadata.ts'
import { describeRoute } from './openapi.ts'
import type { HttpRuntime } from './http-runtime.ts'
import type { HttpIdempotencyDefaults, IdempotentOptions } from './options.ts'

/**
 * Under this key what a handler was decorated with, `{ http, name }`, can be read by a `Reflector`; of a decorated
 * controller's handlers once the app has started.
 */
export const IDEMPOTENT_METADATA = 'holdfast:idempotent'

/** What a handler was decorated with. */
export interface IdempotentHandler {
  readonly http: HttpIdempotencyDefaults
  readonly name: string | undefined
}

/** What a controller, or one that it extends, was decorated with. */
const CLASS_METADATA = 'holdfast:idempotent:class'

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
 * On a controller, all of its handlers that answer one of `methods` (default POST and PATCH) or every method are
 * idempotent, those that it inherits and those that a controller adds which extends it included; a handler that is
 * decorated itself has its own options. An app with a handler that cannot be protected does not start.
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
  decorated = true
  Reflect.defineMetadata(CLASS_METADATA, { http, name }, prototype.constructor)
  // Which handlers there are is known when the app starts; what they need is injected before.
  injectProperty(prototype, getInjectedProperty(name, 'http'), getHttpRuntimeToken(name ?? DEFAULT_NAME))
}

export function optionsOfClass(prototype: object): IdempotentHandler | undefined {
  return Reflect.getMetadata(CLASS_METADATA, prototype.constructor) as IdempotentHandler | undefined
}

/** Decorates the handlers that answer one of `methods` and are not decorated, inherited ones on this class alone. */
export function decorateInherited(
  prototype: object,
  { http, name, methods = ['POST', 'PATCH'] }: IdempotentHandler & Pick<HttpIdempotencyDefaults, 'methods'>,
): void {
  for (const [key, handler] of methodsIn(prototype)) {
    const answered = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined
    if (answered === undefined || Reflect.hasMetadata(IDEMPOTENT_METADATA, handler)) continue
    const verb = String(RequestMethod[answered])
    if (answered !== RequestMethod.ALL && !methods.some((method) => method.toUpperCase() === verb)) continue
    const descriptor: PropertyDescriptor = { value: handler, writable: true, configurable: true }
    decorateHandler(prototype, key, descriptor, http, name)
    Object.defineProperty(prototype, key, descriptor)
  }
}

function decorateHandler(
  prototype: object,
  method: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  http: HttpIdempotencyDefaults,
  name: string | undefined,
): void {
  const route = `${prototype.constructor.name}.${String(method)}`
  const property = getInjectedProperty(name, 'http')
  decorated = true
  const traits = { answersItself: answersItself(prototype, method) }
  passContext(prototype, method)
  injectProperty(prototype, property, getHttpRuntimeToken(name ?? DEFAULT_NAME))
  aroundMethod(method, descriptor, async (call) => {
    const { context, args } = takeContext(call.args)
    const runtime = (call.self as Record<symbol, HttpRuntime | undefined>)[property]
    const proceed = (): unknown => call.apply(args)
    if (context === undefined || runtime === undefined) return proceed()
    return handleOnce(runtime.engineFor(http, route), context, runtime.closing, traits, proceed)
  })
  const handler = descriptor?.value as object
  const given: IdempotentHandler = { http, name }
  Reflect.defineMetadata(IDEMPOTENT_METADATA, given, handler)
  describeRoute(handler, http)
  // When the app starts: wrong options keep it from starting, and the module's defaults are known.
  onInjected(prototype, property, (injected) => {
    const runtime = injected as HttpRuntime
    runtime.engineFor(http, route)
    describeRoute(handler, runtime.optionsOf(http))
  })
}
