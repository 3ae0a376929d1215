import { type Holdfast, InvalidArgumentError } from '@holdfast/core'
import {
  type HttpDecision,
  type HttpIdempotency,
  createHttpIdempotency,
  overDefaults,
  whileConnected,
} from '@holdfast/core/http'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import { capture } from './capture.ts'
import { type Decide, decidedHandler, endUnseen } from './handler.ts'
import { rememberHeader } from './openapi.ts'
import type { RouteIdempotencyOptions } from './options.ts'
import { factsOf } from './request-facts.ts'
import { STATE, reopen } from './request-state.ts'
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
  app.decorateRequest(STATE, null)
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
  const decide: Decide = async (request, reply, isAnswered) => {
    const facts = factsOf(request, name)
    const known = facts instanceof Promise ? await facts : facts
    const begin = (signal: AbortSignal): Promise<HttpDecision> =>
      http.begin(request, known, { signal, isAnswered })
    return http.waits ? whileConnected(reply.raw, closing, begin) : begin(closing)
  }
  route.handler = decidedHandler(route.handler, decide)
  route.onError = [
    ...listOf(route.onError),
    (request, reply, error, done) => {
      const state = request[STATE]
      if (state !== null) {
        state.error = error
        // A replay that fails is no success, whatever it replays.
        if (state.answer !== undefined) void reply.code(500).removeHeader('idempotent-replayed')
        reopen(state)
      }
      done()
    },
  ]
  // First of the route's: compression comes after it, and is done again for a replay.
  route.onSend = [capture(http), ...listOf(route.onSend)]
  route.onResponse = [
    ...listOf(route.onResponse),
    async (request, reply) => {
      const state = request[STATE]
      if (state !== null) endUnseen(state, reply)
    },
  ]
}

function listOf<T>(hooks: T | T[] | undefined): T[] {
  return hooks === undefined ? [] : Array.isArray(hooks) ? hooks : [hooks]
}
