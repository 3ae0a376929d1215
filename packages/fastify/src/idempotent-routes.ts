import { type Holdfast, InvalidArgumentError } from '@holdfast/core'
import {
  type HttpDecision,
  type HttpIdempotency,
  createHttpIdempotency,
  overDefaults,
  whileConnected,
} from '@holdfast/http'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { IdempotentReply, REPLY } from './idempotent-reply.ts'
import { rememberHeader } from './openapi.ts'
import type { RouteIdempotencyOptions } from './options.ts'
import { factsOf } from './request-facts.ts'
import { routeName } from './route-name.ts'
import { asksForIdempotency, markProtected } from './unprotected-routes.ts'

export interface IdempotentRoutes {
  /** Resolves when no answer of an idempotent route is being made or recorded any more. */
  drained(): Promise<void>
}

/** Wraps the handlers of routes that ask for it, and of no other. */
export function idempotentRoutes(
  app: FastifyInstance,
  holdfast: Holdfast,
  defaults: RouteIdempotencyOptions | undefined,
  closing: AbortSignal,
): IdempotentRoutes {
  const routes: HttpIdempotency<FastifyRequest>[] = []
  app.decorateRequest('idempotency', null)
  app.decorateRequest(REPLY, null)
  app.addHook('onRoute', (route) => {
    if (!asksForIdempotency(route)) return
    const wanted = route.config?.idempotency
    if (wanted !== true && (typeof wanted !== 'object' || Array.isArray(wanted))) {
      throw new InvalidArgumentError(`config.idempotency of ${route.url} must be true, false or options.`)
    }
    const own = wanted === true ? {} : wanted
    const options = overDefaults(defaults, own)
    const http = createHttpIdempotency(holdfast.idempotency, options)
    const methods = [route.method].flat()
    if (!methods.some((method) => http.appliesTo(method))) {
      throw new InvalidArgumentError(
        `${methods.join(', ')} ${route.url} cannot be idempotent: name the method in config.idempotency.methods, if it changes something, or take the config away.`,
      )
    }
    routes.push(http)
    markProtected(route)
    if (route.config !== undefined) rememberHeader(route.config, options)
    protect(route, http, closing)
  })
  return {
    async drained() {
      await Promise.all(routes.map((route) => route.drained()))
    },
  }
}

function protect(route: RouteOptions, http: HttpIdempotency<FastifyRequest>, closing: AbortSignal): void {
  const name = routeName(route)
  const { handler } = route
  // In the handler's place: a hook would come before those that later plugins add, and a replay would be sent to clients
  // that they refuse.
  route.handler = function (request, reply) {
    const own = (request[REPLY] ??= new IdempotentReply(reply))
    const isAnswered = (): boolean => own.isAnswered
    const decide = async (): Promise<HttpDecision> => {
      const facts = await factsOf(request, name)
      const begin = (signal: AbortSignal): Promise<HttpDecision> =>
        http.begin(request, facts, { signal, isAnswered })
      return http.waits ? whileConnected(reply.raw, closing, begin) : begin(closing)
    }
    return own.onHandler(decide, () => handler.call(this, request, reply))
  }
  route.onError = [
    ...listOf(route.onError),
    (request, _reply, error, done) => {
      request[REPLY]?.onError(error)
      done()
    },
  ]
  // First of the route's: compression comes after it, and is done again for a replay.
  route.onSend = [
    (request, reply, payload, pass) => {
      const own = request[REPLY]
      if (own !== null) return own.onSend(payload, http, pass)
      request[REPLY] = new IdempotentReply(reply)
      request[REPLY].onEarlySend()
      pass(null, payload)
    },
    ...listOf(route.onSend),
  ]
  route.onResponse = [...listOf(route.onResponse), async (request) => request[REPLY]?.onResponse()]
}

function listOf<T>(hooks: T | T[] | undefined): T[] {
  return hooks === undefined ? [] : Array.isArray(hooks) ? hooks : [hooks]
}
