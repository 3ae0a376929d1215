import { RequestMethod } from '@nestjs/common'
import type { ModulesContainer } from '@nestjs/core'
import { InvalidArgumentError } from '@holdfast/core'
import { DEFAULT_NAME, getHttpRuntimeToken } from '../tokens.ts'
import type { HttpRuntime } from './http-runtime.ts'
import {
  IDEMPOTENT_METADATA,
  type IdempotentHandler,
  decorateInherited,
  optionsOfClass,
} from './idempotent.ts'
import { METHOD_METADATA, methodsIn } from './nest-metadata.ts'

/** What says that a handler is called for something else than an HTTP request, by the packages that say it. */
const OTHER_TRANSPORTS = [
  'microservices:pattern',
  'websockets:message_mapping',
  'graphql:resolver_type',
  'graphql:resolve_property',
  'graphql:resolve_reference',
]

/**
 * Completes what `@Idempotent` has said of classes, when all classes of the app are known: handlers that a controller
 * inherits or adds to a decorated one. Has to be called before Nest registers the routes.
 * @throws InvalidArgumentError that names a handler which cannot be protected
 */
export function startIdempotentRoutes(modules: ModulesContainer): void {
  for (const { controllers, providers, injectables } of modules.values()) {
    for (const { metatype } of [...controllers.values(), ...providers.values(), ...injectables.values()]) {
      const prototype = (metatype as { readonly prototype?: object } | null)?.prototype
      if (typeof prototype === 'object') startClass(prototype, modules)
    }
  }
}

function startClass(prototype: object, modules: ModulesContainer): void {
  const ofClass = optionsOfClass(prototype)
  if (ofClass !== undefined) {
    const runtime = runtimeOf(ofClass.name, modules)
    const { methods } = runtime?.optionsOf(ofClass.http) ?? ofClass.http
    decorateInherited(prototype, { ...ofClass, methods })
  }
  const handlers = methodsIn(prototype).flatMap(([key, method]) => {
    const handler = Reflect.getMetadata(IDEMPOTENT_METADATA, method) as IdempotentHandler | undefined
    return handler === undefined
      ? []
      : [{ ...handler, route: `${prototype.constructor.name}.${String(key)}`, method }]
  })
  if (ofClass !== undefined && handlers.length === 0) {
    throw new InvalidArgumentError(
      `@Idempotent on ${prototype.constructor.name} protects nothing: none of its handlers answers one of its methods (default POST and PATCH).`,
    )
  }
  for (const { http, name, route, method } of handlers) {
    const answered = Reflect.getMetadata(METHOD_METADATA, method) as RequestMethod | undefined
    if (answered === undefined || OTHER_TRANSPORTS.some((key) => Reflect.hasMetadata(key, method))) {
      throw new InvalidArgumentError(
        `@Idempotent on ${route}: only handlers of HTTP requests can be idempotent by a header; @IdempotentJob takes a key from the arguments of any method.`,
      )
    }
    const engine = runtimeOf(name, modules)?.engineFor(http, route)
    const verb = String(RequestMethod[answered])
    if (engine === undefined || answered === RequestMethod.ALL || engine.appliesTo(verb)) continue
    throw new InvalidArgumentError(
      `@Idempotent on ${route}: ${verb} cannot be idempotent: name the method in methods, if it changes something, or take the decorator away.`,
    )
  }
}

function runtimeOf(name: string = DEFAULT_NAME, modules: ModulesContainer): HttpRuntime | undefined {
  const token = getHttpRuntimeToken(name)
  for (const { providers } of modules.values()) {
    const { instance } = providers.get(token) ?? {}
    if (instance !== undefined && instance !== null) return instance as HttpRuntime
  }
  return undefined
}
