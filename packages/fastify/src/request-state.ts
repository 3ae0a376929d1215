import { AsyncLocalStorage } from 'node:async_hooks'
import type { HttpHandledRequest, HttpResponse } from '@holdfast/core/http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Of a request whose handler's turn has come. */
export interface RequestState {
  /** Whether an answer was handed to the framework: hooks bring it to us, sooner or later. Fastify does not tell. */
  isSending: boolean
  /** Whether the handler gave it, or hijacked the response. */
  isHandlers: boolean
  /** Whether an answer has come to us, and was let through. */
  hasPassed: boolean
  /** Which of the app's error handlers had its turn when the answer was given. */
  errorHandler?: unknown
  /** What the answer is made of, when it is made of an error. */
  error?: unknown
  /** Our own answer: it is not the handler's, and is not recorded. */
  answer?: HttpResponse
  /** Set when the handler runs, and its answer is to be recorded. */
  handled?: HttpHandledRequest
}

/** Where a request carries its state; null until then, and where its route is not idempotent. */
export const STATE: unique symbol = Symbol('holdfast')

declare module 'fastify' {
  interface FastifyRequest {
    /** @internal */
    [STATE]: RequestState | null
  }
}

/** Of the request whose answer was given when we watched: one that was given before comes to us without. */
const sends = new AsyncLocalStorage<RequestState>()

/** Whether an answer was given since we watch, by us when `ours` is what we have sent. */
export function isWatched(state: RequestState, payload: unknown, ours: HttpResponse['body']): boolean {
  // A hook that loses its context has not always changed the body.
  return sends.getStore() === state || (state.isSending && payload === ours && Boolean(ours))
}

/** An answer that comes to us before the handler's turn, of a hook, say. */
export function answeredBefore(): RequestState {
  return { isSending: true, isHandlers: false, hasPassed: true }
}

/** What was given before has failed: the app, or Fastify, answers that. */
export function reopen(state: RequestState): void {
  state.isSending = false
  state.hasPassed = false
  delete state.answer
}

/**
 * Watches what is sent from now on. The first answer is the answer: Fastify would let a second one through while hooks
 * are at work on the first, and end the process when both write their head.
 */
export function watchReply(request: FastifyRequest, reply: FastifyReply): RequestState {
  const state: RequestState = request[STATE] ?? { isSending: false, isHandlers: false, hasPassed: false }
  request[STATE] = state
  const send = reply.send.bind(reply)
  const hijack = reply.hijack.bind(reply)
  reply.send = (payload) => {
    const errorHandler = nextErrorHandler(reply)
    // Error handlers may fail as well, or hand on to the next one, which Fastify tells nobody of.
    if (errorHandler !== state.errorHandler) reopen(state)
    if (state.isSending) {
      reply.log.warn(
        'An answer is on its way already, this one is ignored: did you forget to return the reply?',
      )
      return reply
    }
    state.isSending = true
    state.errorHandler = errorHandler
    state.isHandlers = state.handled?.isHandlers ?? false
    try {
      return sends.run(state, () => send(payload))
    } catch (error) {
      state.isSending = false
      state.hasPassed = false
      throw error
    }
  }
  reply.hijack = () => {
    state.isHandlers = state.handled?.isHandlers ?? false
    return hijack()
  }
  return state
}

/** Where Fastify keeps which error handler comes next; each has its turn once. */
function nextErrorHandler(reply: FastifyReply): unknown {
  const key = Object.getOwnPropertySymbols(reply).find(
    ({ description }) => description === 'fastify.reply.nextErrorHandler',
  )
  return key === undefined ? undefined : (reply as unknown as Record<symbol, unknown>)[key]
}
