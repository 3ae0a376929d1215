import type { ExecutionContext } from '@nestjs/common'
import {
  type HttpDecision,
  type HttpExchange,
  type HttpIdempotency,
  type HttpResponse,
  whileConnected,
} from '@holdfast/core/http'
import { isObservable, lastValueFrom } from 'rxjs'
import { requestExecutions } from '../methods/current.ts'
import type { NodeResponse, Platform } from './platform.ts'
import { platformOf } from './platform-of.ts'
import { IdempotencyProblemException } from './problem-exception.ts'
import { factsOf } from './request-facts.ts'

/** Runs the handler, or answers in its place: one call of an idempotent route. */
export async function handleOnce(
  engine: HttpIdempotency<never>,
  context: ExecutionContext,
  closing: AbortSignal,
  proceed: () => Promise<unknown>,
): Promise<unknown> {
  const platform = platformOf(context)
  const facts = await factsOf(platform, context)
  const begin = (signal: AbortSignal): Promise<HttpDecision> =>
    engine.begin(platform.request as never, facts, { signal })
  const decision = await (engine.waits ? whileConnected(platform.raw, closing, begin) : begin(closing))
  switch (decision.action) {
    case 'proceed':
      return run(decision.exchange, platform, engine, proceed)
    case 'bypass':
      platform.setHeaders(decision.headers)
      return proceed()
    case 'answer':
      await platform.answer(decision.response)
      return valueOf(decision.response)
  }
}

async function run(
  exchange: HttpExchange,
  platform: Platform,
  engine: HttpIdempotency<never>,
  proceed: () => Promise<unknown>,
): Promise<unknown> {
  let failure: unknown
  try {
    platform.setHeaders(exchange.headers)
    platform.capture(exchange, engine, () => failure)
  } catch (error) {
    await exchange.release()
    throw error
  }
  // Nest ends the subscription to an Observable when the client hangs up; one that nobody else sees it leaves alone.
  const handled = requestExecutions.run(exchange.execution, async () => {
    const value = await proceed()
    return isObservable(value) ? lastValueFrom(value) : value
  })
  recordUnanswered(exchange, platform.raw, handled)
  try {
    return await handled
  } catch (error) {
    failure = error ?? new Error('The handler threw nothing.')
    throw error
  }
}

/** How long after its client has hung up a handler that has returned may still send its answer by itself. */
const LATE_ANSWER_MS = 30_000

/**
 * Ends the exchange when the response is over without an answer that could be recorded: the handler went around the
 * framework (`reply.hijack()`, Node's own response), or its client is gone and it never answers. It ran, so it is not
 * run again. A handler that still works keeps its key.
 */
function recordUnanswered(exchange: HttpExchange, raw: NodeResponse, handled: Promise<unknown>): void {
  const giveUp = (): void => {
    const { statusCode: status } = raw
    void exchange.complete({ status, headers: {}, body: { omitted: 'hijacked' } })
  }
  raw.once('close', () => {
    const settled = (): void => {
      if (exchange.ended) return
      if (raw.writableEnded) giveUp()
      else setTimeout(giveUp, LATE_ANSWER_MS).unref()
    }
    handled.then(settled, settled)
  })
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
