import type { ExecutionContext } from '@nestjs/common'
import {
  type HttpDecision,
  type HttpExchange,
  type HttpIdempotency,
  type HttpResponse,
  IdempotentRequest,
  endWithResponse,
  whileConnected,
} from '@holdfast/http'
import { isObservable, lastValueFrom } from 'rxjs'
import type { Platform } from './platform.ts'
import { platformOf } from './platform-of.ts'
import { IdempotencyProblemException } from './problem-exception.ts'
import { factsOf } from './request-facts.ts'

/** What there is to know of a handler. */
export interface HandlerTraits {
  /** Nest leaves the answer to it: `@Res()` without `passthrough`, or `@Next()`. */
  readonly answersItself: boolean
}

/** Runs the handler, or answers in its place: one call of an idempotent route. */
export function handleOnce(
  engine: HttpIdempotency<never>,
  context: ExecutionContext,
  closing: AbortSignal,
  traits: HandlerTraits,
  proceed: () => unknown,
): Promise<unknown> {
  const request = context.switchToHttp().getRequest<object>()
  const handler = context.getHandler()
  const known = turns.get(request)
  if (known?.handler === handler) return known.take(proceed)
  const turn = new Turn(engine, context, closing, traits)
  turns.set(request, turn)
  return turn.take(proceed)
}

/** By request: interceptors such as `retry()` may call a handler again. */
const turns = new WeakMap<object, Turn>()

/** A request at its handler: it has one claim, however often the handler is called. */
class Turn {
  readonly handler: object
  readonly #engine: HttpIdempotency<never>
  readonly #platform: Platform
  readonly #traits: HandlerTraits
  readonly #decide: () => Promise<HttpDecision>
  #decision: Promise<HttpDecision> | undefined
  #answered: Promise<void> | undefined
  #handled: IdempotentRequest | undefined
  /** The outcome of the last call. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(
    engine: HttpIdempotency<never>,
    context: ExecutionContext,
    closing: AbortSignal,
    traits: HandlerTraits,
  ) {
    this.handler = context.getHandler()
    this.#engine = engine
    this.#platform = platformOf(context)
    this.#traits = traits
    this.#decide = () => decide(engine, this.#platform, context, closing)
  }

  async take(proceed: () => unknown): Promise<unknown> {
    const platform = this.#platform
    const decision = await this.#decided()
    switch (decision.action) {
      case 'proceed':
        this.#handled ??= await this.#prepared(decision.exchange)
        // A call that comes after the end of the claim gets to know how the last one ended.
        return this.#handled.ended ? this.#last : this.#call(this.#handled, proceed)
      case 'bypass':
        platform.setHeaders(decision.headers)
        return proceed()
      case 'answer':
        await (this.#answered ??= platform.answer(decision.response))
        return valueOf(decision.response)
      case 'late':
        return platform.ignoreOthers()
    }
  }

  #decided(): Promise<HttpDecision> {
    if (this.#decision === undefined) {
      this.#decision = this.#decide()
      // Nothing was claimed: another call may ask again.
      this.#decision.catch(() => (this.#decision = undefined))
    }
    return this.#decision
  }

  async #prepared(exchange: HttpExchange): Promise<IdempotentRequest> {
    const platform = this.#platform
    const handled = new IdempotentRequest(exchange)
    try {
      platform.setHeaders(exchange.headers)
      platform.capture(handled, this.#engine)
    } catch (error) {
      await exchange.release()
      throw error
    }
    endWithResponse(platform.raw, handled, () => this.#last)
    return handled
  }

  #call(handled: IdempotentRequest, proceed: () => unknown): Promise<unknown> {
    const call = async (): Promise<unknown> => {
      try {
        return await handled.onHandler(
          () => ended(proceed(), this.#platform),
          (result) => this.#traits.answersItself && !(result instanceof Promise),
        )
      } catch (error) {
        handled.onError(error)
        throw error
      }
    }
    this.#last = call()
    return this.#last
  }
}

async function decide(
  engine: HttpIdempotency<never>,
  platform: Platform,
  context: ExecutionContext,
  closing: AbortSignal,
): Promise<HttpDecision> {
  const facts = await factsOf(platform, context)
  const isAnswered = (): boolean => platform.isAnswered()
  const begin = (signal: AbortSignal): Promise<HttpDecision> =>
    engine.begin(platform.request as never, facts, { signal, isAnswered })
  return engine.waits ? whileConnected(platform.raw, closing, begin) : begin(closing)
}

/**
 * The end of what a handler returned; the response itself, which Fastify's can be waited for, is none. Nest ends its
 * subscription to an Observable when the client hangs up; one that only we see it leaves alone.
 */
function ended(value: unknown, { response }: Platform): unknown {
  if (isObservable(value)) return lastValueFrom(value)
  if (value === response || typeof (value as { then?: unknown } | null | undefined)?.then !== 'function')
    return value
  return Promise.resolve(value).then((result) => (isObservable(result) ? lastValueFrom(result) : result))
}

/**
 * What interceptors get to see of an answer that was sent in place of the handler's: for a replay about what the
 * handler returned the first time, for a refusal an exception.
 */
function valueOf(response: HttpResponse): unknown {
  const { headers, body } = response
  if (headers['idempotent-replayed'] === undefined) throw new IdempotencyProblemException(response)
  if (body === null) return undefined
  const text = Buffer.from(body).toString()
  if (!/^application\/(?:[^;]+\+)?json\b/.test(String(headers['content-type']))) return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
