import { AsyncLocalStorage } from 'node:async_hooks'
import { HoldfastError } from '@holdfast/core'
import { asBody } from './events.ts'
import type { HttpExchange } from './exchange.ts'
import type { CapturedResponse } from './response.ts'

/** The request whose handler called the code that runs now. */
export function currentIdempotentRequest(): IdempotentRequest | undefined {
  return contexts.getStore()?.request
}

/** What a handler leaves running keeps its context, which must not keep the request. */
interface HandlerContext {
  request: IdempotentRequest | undefined
}

const contexts = new AsyncLocalStorage<HandlerContext>()

/** One call of the handler. */
interface Call {
  /** It ends with its answer. */
  answersLater: boolean
}

/** How a call ended: with an error, or well. */
interface Outcome {
  readonly error?: unknown
}

/**
 * A request that may proceed, with the claim on its key. The adapter calls its handler by {@link onHandler}, reports each
 * answer that is about to leave to {@link onSend}, and the end of the response to {@link onResponse}; what these decide
 * together ends the claim (R7):
 *
 * - An answer that the replay policy keeps is recorded before its first byte, whether the handler or something else gave it.
 * - An answer that would free the key is never held back, and frees nothing while a handler is at work. It counts if it
 *   left from the handler's async context, or after the handler's end: then it frees the key as soon as the handler has
 *   ended. Any other one (a watchdog's 503, a time-out's 408) decides nothing: the handler's own end is judged instead.
 * - A handler is at work until its promise has settled; one that returns none and answers later by itself, until an
 *   answer has left from its async context; one that answers with a stream, also until the response has closed.
 *
 * No method rejects because of the storage, and none depends on the client's still being there.
 */
export class IdempotentRequest {
  readonly exchange: HttpExchange
  readonly #atWork = new Set<Call>()
  #last: Call | undefined
  #outcome: Outcome = {}
  #error: unknown
  #answer: { readonly response: CapturedResponse; readonly counts: boolean } | undefined
  #isHijacked = false
  #isClosed = false
  readonly #context: HandlerContext = { request: this }

  constructor(exchange: HttpExchange) {
    this.exchange = exchange
  }

  /** Whether the claim has been ended: nothing that happens now changes it, and the handler must not be called again. */
  get ended(): boolean {
    return this.exchange.ended
  }

  /** Whether an answer was reported. */
  get answered(): boolean {
    return this.#answer !== undefined
  }

  /** Whether the code that runs now was called by this request's handler, directly or asynchronously. */
  get isHandlers(): boolean {
    return contexts.getStore()?.request === this
  }

  /**
   * Calls the handler, in a new async context, and returns what it returns. Where an interceptor has it called
   * again, the last call decides. `answersLater` says of a result whether the handler is at work until it answers by
   * itself: a callback handler, which has returned nothing that ends.
   */
  onHandler<T>(handler: () => T, answersLater: (result: T) => boolean): T {
    const call: Call = { answersLater: false }
    this.#last = call
    this.#error = undefined
    this.#atWork.add(call)
    let result: T
    try {
      result = contexts.run(this.#context, () => asBody(this.exchange.execution, handler))
    } catch (error) {
      this.#end(call, { error: error ?? new Error('The handler threw nothing.') })
      throw error
    }
    if (answersLater(result)) {
      call.answersLater = true
      // It may have answered before it returned.
      if (this.#answer?.counts === true) this.#end(call, {})
    } else if (isThenable(result)) {
      return Promise.resolve(result).then(
        (value: unknown) => {
          this.#end(call, {})
          return value
        },
        (error: unknown) => {
          this.#end(call, { error: error ?? new Error('The handler threw nothing.') })
          throw error
        },
      ) as T
    } else {
      this.#end(call, {})
    }
    return result
  }

  /** What the handler failed with, if the next answer is to be made of it. */
  get error(): unknown {
    return this.#error
  }

  /** The next answer is made of this error. */
  onError(error: unknown): void {
    this.#error = error ?? new Error('The handler threw nothing.')
  }

  /** The response is taken out of the framework's hands; by the handler, when it runs in the handler's async context. */
  onHijack(): void {
    this.#isHijacked ||= this.isHandlers
  }

  /**
   * An answer is about to leave; `isHandlers` says whether from the handler's async context. Send it when the promise
   * resolves: when it is recorded, or after `recordWaitMs` without; when it decides nothing yet, in this turn of the event
   * loop or the next.
   */
  async onSend(given: CapturedResponse, isHandlers: boolean): Promise<void> {
    const { exchange } = this
    if (exchange.ended) return
    const response = this.#error === undefined ? given : { ...given, error: this.#error }
    const isAtWork = this.#atWork.size > 0
    this.#answer = { response, counts: isHandlers || !isAtWork }
    if (exchange.keeps(response)) {
      await exchange.complete(response)
      return
    }
    if (isHandlers) for (const call of this.#atWork) if (call.answersLater) this.#atWork.delete(call)
    if (isAtWork && !isHandlers) this.#listen()
    // Most handlers that answer by themselves end with it: their key is free before the answer leaves.
    if (isHandlers && this.#atWork.size > 0) await nextTurn()
    await this.#decide()
    // Its handler's end may have begun to free the key.
    if (exchange.ended) await exchange.complete(response)
  }

  /**
   * The response is over. `sentStatus` is its status, if an answer has left: one that {@link onSend} did not see went
   * around the framework and cannot be replayed. `isHandlers` as there.
   */
  onResponse(sentStatus?: number, isHandlers: boolean = this.#isHijacked): void {
    this.#isClosed = true
    if (sentStatus !== undefined && !this.answered) {
      const response = { status: sentStatus, headers: {}, body: { omitted: 'hijacked' } } as const
      void this.onSend(response, isHandlers)
    }
    void this.#decide()
  }

  /** The signal was aborted. After `timeoutMs`, and without the lease, nothing waits for the handler any more. */
  handleEvent(): void {
    const { reason } = this.exchange.execution.signal as { reason: unknown }
    const code = HoldfastError.isInstance(reason) ? reason.code : undefined
    if (code === 'EXECUTION_TIMEOUT' || code === 'LEASE_LOST') this.exchange.abandon()
  }

  #listen(): void {
    const { signal } = this.exchange.execution
    if (signal.aborted) this.handleEvent()
    else signal.addEventListener('abort', this)
  }

  #end(call: Call, outcome: Outcome): void {
    this.#atWork.delete(call)
    if (call === this.#last) this.#outcome = outcome
    void this.#decide()
  }

  /** Ends the claim, once nothing is at work and an answer has left; until then one of the framework's is to come. */
  async #decide(): Promise<void> {
    const answer = this.#answer
    this.#forget()
    if (this.#atWork.size > 0 || answer === undefined || this.exchange.ended) return
    if (!answer.counts) {
      await this.exchange.complete(unanswered(this.#outcome))
    } else if (this.#isClosed || !isStream(answer.response)) {
      await this.exchange.complete(answer.response)
    }
    this.#forget()
  }

  #forget(): void {
    if (this.#isClosed && this.exchange.ended) this.#context.request = undefined
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}

/** What a handler's own end is judged by, when an answer had left before that was not its own. */
function unanswered(outcome: Outcome): CapturedResponse {
  const body = { omitted: 'unanswered' } as const
  return 'error' in outcome && !couldNotAnswer(outcome.error)
    ? { status: statusOf(outcome.error), headers: {}, body, error: outcome.error }
    : { status: 200, headers: {}, body }
}

/** What Node's response and the frameworks throw at a handler that answers when another answer has left. */
const ALREADY_ANSWERED: ReadonlySet<unknown> = new Set([
  'ERR_HTTP_HEADERS_SENT',
  'ERR_HTTP2_HEADERS_SENT',
  'ERR_HTTP2_INVALID_STREAM',
  'ERR_STREAM_WRITE_AFTER_END',
  'FST_ERR_REP_ALREADY_SENT',
])

/** It had an answer to give: that this was not possible does not say that its work has failed. */
function couldNotAnswer(error: unknown): boolean {
  return ALREADY_ANSWERED.has((Object(error) as { code?: unknown }).code)
}

/** As frameworks read it from what is thrown. */
export function statusOf(error: unknown): number {
  const { statusCode, status = statusCode } = Object(error) as { statusCode?: unknown; status?: unknown }
  return Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599 ? Number(status) : 500
}

function isStream({ body }: CapturedResponse): boolean {
  return body !== null && typeof body === 'object' && 'omitted' in body && body.omitted === 'stream'
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
