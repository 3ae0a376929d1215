import { type Holdfast, InvalidArgumentError } from '@holdfast/core'
import { type HttpIdempotency, type HttpIdempotencyOptions, createHttpIdempotency } from '@holdfast/core/http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { capture, sendAnswer } from './capture.ts'
import { endUnseen, followed } from './handler.ts'
import { rememberHeader } from './openapi.ts'
import type { RouteIdempotencyOptions } from './options.ts'
import { factsOf } from './request-facts.ts'
import { handle, handlingOf, states } from './request-state.ts'

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
  app.addHook('onRoute', (route) => {
    const wanted = route.config?.idempotency
    if (wanted === undefined || wanted === false) return
    const own = wanted === true ? {} : wanted
    const options = { ...defaults, ...own } as HttpIdempotencyOptions<FastifyRequest>
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
  const pattern = route.url

  const claim = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const decision = await http.begin(request, await factsOf(request, pattern), { signal: closing })
    switch (decision.action) {
      case 'bypass':
        void reply.headers(decision.headers)
        return undefined
      case 'answer':
        states.set(request, { answer: decision.response })
        return sendAnswer(reply, decision.response)
      case 'proceed': {
        const { exchange } = decision
        handle(request, reply, exchange)
        void reply.headers(exchange.headers)
        request.idempotency = { key: exchange.key, execution: exchange.execution }
        return undefined
      }
    }
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
