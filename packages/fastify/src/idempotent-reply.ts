import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type HttpDecision,
  type HttpIdempotency,
  type HttpResponse,
  IdempotentRequest,
  capturedPayload,
} from '@holdfast/http'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Where a request carries its {@link IdempotentReply}; null until its turn, and where its route is not idempotent. */
export const REPLY: unique symbol = Symbol('holdfast')

declare module 'fastify' {
  interface FastifyRequest {
    /** @internal */
    [REPLY]: IdempotentReply | null
  }
}

/** Of the request whose answer was given since we watch: one that was given before comes to us without. */
const sends = new AsyncLocalStorage<IdempotentReply>()

type Pass = (error: Error | null, payload?: unknown) => void

/**
 * A request of an idempotent route, from the turn of its handler on. The first answer is the answer: Fastify would let a
 * second one through while hooks are at work on the first, and end the process when both write their head.
 */
export class IdempotentReply {
  readonly #reply: FastifyReply
  /** Whether an answer was handed to the framework: hooks bring it to us, sooner or later. */
  #isSending = false
  /** Whether the handler gave it, or hijacked the response. */
  #isHandlers = false
  /** Whether an answer has come to us, and was let through. */
  #hasPassed = false
  /** Which of the app's error handlers had its turn when the answer was given. */
  #errorHandler: unknown
  /** Our own answer: it is not the handler's, and is not recorded. */
  #answer: HttpResponse | undefined
  /** Set when the handler runs, and its answer is to be recorded. */
  #handled: IdempotentRequest | undefined

  constructor(reply: FastifyReply) {
    this.#reply = reply
  }

  /** Whether the request has its answer, or a pending `send` will give it one. */
  get isAnswered(): boolean {
    return this.#isSending || this.#reply.sent || this.#reply.raw.headersSent
  }

  /**
   * In the place of the route's handler, which `call` calls. Fastify sends what the promise resolves with. It stays pending
   * where Fastify would not have been given a value, either: the handler answers by itself, or something else has answered.
   */
  onHandler(decide: () => Promise<HttpDecision>, call: () => unknown): Promise<unknown> {
    this.#watch()
    return new Promise((resolve, reject) => {
      const settle = (result: unknown): void => {
        if (!this.#answersLater(result)) resolve(result)
      }
      const proceed = (decision: HttpDecision): void => {
        switch (decision.action) {
          case 'late':
            return
          case 'answer':
            this.#answer = decision.response
            return resolve(decision.response.body ?? undefined)
          case 'bypass':
            void this.#reply.headers(decision.headers)
            return settle(call())
          case 'proceed':
            return settle(this.#handle(new IdempotentRequest(decision.exchange), call))
        }
      }
      decide().then(proceed).catch(reject)
    })
  }

  /** The app, or Fastify, is going to answer for an error. */
  onError(error: unknown): void {
    this.#handled?.onError(error)
    // A replay that fails is no success, even if it replays one.
    if (this.#answer !== undefined) void this.#reply.code(500).removeHeader('idempotent-replayed')
    this.#reopen()
  }

  /**
   * An answer on its way out: the handler's is recorded before it leaves, ours leaves exactly as it is. With a callback, for
   * answers of hooks: Fastify goes on to the handler when a hook has sent one, not returned the reply, and it has not left
   * at once. Such an answer is not replaced by ours; of two, the first to come here is the answer.
   */
  onSend(payload: unknown, http: HttpIdempotency<FastifyRequest>, pass: Pass): void {
    if (this.#hasPassed) return
    this.#hasPassed = true
    const answer = this.#answer
    const handled = this.#handled
    if (answer !== undefined && this.#isOurs(payload, answer)) {
      // Hooks of the app came before this one; what they made of the body was made of the first answer, too.
      void this.#reply.code(answer.status).headers(answer.headers)
      return pass(null, answer.body)
    }
    if (handled === undefined || handled.ended) return pass(null, payload)
    const isHandlers = this.#isSending && this.#isHandlers
    this.#record(handled, payload, http, isHandlers)
      .then((recorded) => pass(null, recorded), pass)
      // It cannot be sent: a header of other than Latin characters, say. Fastify throws that at the caller of `send`.
      .catch((thrown: unknown) => {
        this.#reopen()
        this.#reply.send(thrown)
      })
  }

  /** An answer that leaves before the handler's turn, of a hook, say. */
  onEarlySend(): void {
    this.#isSending = true
    this.#hasPassed = true
  }

  /**
   * The response is over. An answer that no hook has seen went around them: `hijack`, `reply.raw`, Fastify's last resort
   * when an error handler fails.
   */
  onResponse(): void {
    const { raw, sent } = this.#reply
    const wasSent = raw.writableEnded
    // Given by hand, and the client did not wait for all of it.
    const wasLeft = raw.destroyed && sent && !this.#isSending
    this.#handled?.onResponse(wasSent || wasLeft ? raw.statusCode : undefined, this.#isHandlers)
  }

  #handle(handled: IdempotentRequest, call: () => unknown): unknown {
    const { exchange } = handled
    const reply = this.#reply
    this.#handled = handled
    reply.request.idempotency = { key: exchange.key, execution: exchange.execution }
    void reply.headers(exchange.headers)
    reply.raw.once('close', () => this.onResponse())
    const result = handled.onHandler(call, (returned) => this.#answersLater(returned))
    if (result instanceof Promise)
      result.then(
        (value) => this.#onUnsent(handled, value),
        () => undefined,
      )
    return result
  }

  /** As Fastify takes what a handler returns: with nothing, or the reply itself, the answer comes by `send`. */
  #answersLater(result: unknown): boolean {
    return result === undefined || result === this.#reply
  }

  /** Fastify sends nothing for a handler that resolves with `undefined` once the client is gone, as it asks here. */
  #onUnsent(handled: IdempotentRequest, value: unknown): void {
    const { request, sent, statusCode: status } = this.#reply
    const isGone = request.raw.aborted || request.raw.socket.destroyed
    if (value !== undefined || this.#isSending || sent || !isGone) return
    void handled.onSend({ status, headers: this.#reply.getHeaders(), body: null }, true)
  }

  async #record(
    handled: IdempotentRequest,
    given: unknown,
    http: HttpIdempotency<FastifyRequest>,
    isHandlers: boolean,
  ): Promise<unknown> {
    const reply = this.#reply
    const { body, payload } = await capturedPayload(given, reply, http)
    await handled.onSend({ status: reply.statusCode, headers: reply.getHeaders(), body }, isHandlers)
    return payload
  }

  /** A hook that loses its context has not always changed the body. */
  #isOurs(payload: unknown, { body }: HttpResponse): boolean {
    return sends.getStore() === this || (this.#isSending && payload === body && Boolean(body))
  }

  /** What was given before has failed: the app, or Fastify, answers that. */
  #reopen(): void {
    this.#isSending = false
    this.#hasPassed = false
    this.#answer = undefined
  }

  #watch(): void {
    const reply = this.#reply
    const send = reply.send.bind(reply)
    const hijack = reply.hijack.bind(reply)
    reply.send = (payload) => {
      const errorHandler = nextErrorHandler(reply)
      // Error handlers may fail as well, or hand on to the next one, for which Fastify calls no hook.
      if (errorHandler !== this.#errorHandler) this.#reopen()
      if (this.#isSending) {
        reply.log.warn(
          'An answer is on its way already, this one is ignored: did you forget to return the reply?',
        )
        return reply
      }
      this.#isSending = true
      this.#errorHandler = errorHandler
      this.#isHandlers = this.#handled?.isHandlers ?? false
      try {
        return sends.run(this, () => send(payload))
      } catch (error) {
        this.#isSending = false
        this.#hasPassed = false
        throw error
      }
    }
    reply.hijack = () => {
      this.#isHandlers = this.#handled?.isHandlers ?? false
      return hijack()
    }
  }
}

/**
 * Where Fastify keeps which error handler comes next; each has its turn once. It is private: `onError` hooks, the public way,
 * are called for the first error handler only.
 */
function nextErrorHandler(reply: FastifyReply): unknown {
  const key = Object.getOwnPropertySymbols(reply).find(
    ({ description }) => description === 'fastify.reply.nextErrorHandler',
  )
  return key === undefined ? undefined : (reply as unknown as Record<symbol, unknown>)[key]
}
