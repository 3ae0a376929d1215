import { type Holdfast, InvalidArgumentError } from '@holdfast/core'
import {
  type HttpDecision,
  type HttpIdempotency,
  createHttpIdempotency,
  overDefaults,
  whileConnected,
} from '@holdfast/core/http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { capture, sendAnswer } from './capture.ts'
import { endUnseen, followed } from './handler.ts'
import { rememberHeader } from './openapi.ts'
import type { RouteIdempotencyOptions } from './options.ts'
import { factsOf } from './request-facts.ts'
import { routeName } from './route-name.ts'
import { STATE, handle, handlingOf } from './request-state.ts'

export interface IdempotentRoutes {
  /** Resolves when no answer of an idempotent route is being made or recorded any more. */
  drained(): Promise<void>
}

/** Adds hooks to routes that ask for it, and to no other. */
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
    const wanted = route.config?.idempotency
    if (wanted === undefined || wanted === false) return
    const own = wanted === true ? {} : wanted
    const options = overDefaults(defaults, own)
    const http = createHttpIdempotency(holdfast.idempotency, options)
    const methods = [route.method].flat()
    // Fastify registers a HEAD beside each GET, with the same config.
    if (methods.every((method) => method === 'HEAD')) return
    if (!methods.some((method) => http.appliesTo(method))) {
      throw new InvalidArgumentError(
        `${methods.join(', ')} ${route.url} cannot be idempotent: name the method in config.idempotency.methods, if it changes something, or take the config away.`,
      )
    }
    routes.push(http)
    if (route.config !== undefined) rememberHeader(route.config, options)
    addHooks(route, http, closing)
  })
  return {
    async drained() {
      await Promise.all(routes.map((route) => route.drained()))
    },
  }
}

function addHooks(route: RouteOptions, http: HttpIdempotency<FastifyRequest>, closing: AbortSignal): void {
  const name = routeName(route)

  /** Whether the handler is to be called. */
  const claimed = async (request: FastifyRequest, reply: FastifyReply): Promise<boolean> => {
    const facts = factsOf(request, name)
    const known = facts instanceof Promise ? await facts : facts
    const begin = (signal: AbortSignal): Promise<HttpDecision> => http.begin(request, known, { signal })
    const decision = await (http.waits ? whileConnected(reply.raw, closing, begin) : begin(closing))
    switch (decision.action) {
      case 'bypass':
        void reply.headers(decision.headers)
        return true
      case 'answer':
        request[STATE] = { answer: decision.response }
        void sendAnswer(reply, decision.response)
        return false
      case 'proceed': {
        const { exchange } = decision
        handle(request, reply, exchange)
        void reply.headers(exchange.headers)
        request.idempotency = { key: exchange.key, execution: exchange.execution }
        return true
      }
    }
  }

  // With `done`: a hook that returns a promise has to return the reply after it has answered, and Fastify then waits
  // for the end of the response, which costs as much as the rest of a replay.
  const claim = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void): void => {
    void (async () => {
      let isOurs: boolean
      try {
        isOurs = await claimed(request, reply)
      } catch (error) {
        // Nothing would be no error to Fastify, and the handler would be called without a claim.
        return done(error ? (error as Error) : new Error('A resolver threw nothing.'))
      }
      if (isOurs) done()
    })()
  }

  // Last of its kind: whatever else may refuse the request has not, and its body has been read and validated.
  route.preHandler = [...listOf(route.preHandler), claim]
  route.handler = followed(route.handler)
  route.onError = [
    ...listOf(route.onError),
    async (request, _reply, error) => {
      const handling = handlingOf(request)
      if (handling !== undefined) handling.error = error
    },
  ]
  // First of the route's: compression comes after it, and is done again for a replay.
  route.onSend = [capture(http), ...listOf(route.onSend)]
  route.onResponse = [
    ...listOf(route.onResponse),
    async (request, reply) => {
      const handling = handlingOf(request)
      if (handling !== undefined) endUnseen(handling, reply)
    },
  ]
}

function listOf<T>(hooks: T | T[] | undefined): T[] {
  return hooks === undefined ? [] : Array.isArray(hooks) ? hooks : [hooks]
}
