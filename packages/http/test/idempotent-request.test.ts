import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import {
  type CapturedResponse,
  type HttpDecision,
  type HttpIdempotency,
  type HttpIdempotencyOptions,
  createHttpIdempotency,
  IdempotentRequest,
  currentIdempotentRequest,
} from '@holdfast/http'
import { describe, expect, onTestFinished, test } from 'vitest'

/** R7, without a framework: when a handler counts as running, and which answer ends the claim. */

const answer = (status: number, body: CapturedResponse['body'] = 'body'): CapturedResponse => ({
  status,
  headers: {},
  body,
})

const never = (): boolean => false
const always = (): boolean => true

function engine(options: Partial<HttpIdempotencyOptions> = {}): HttpIdempotency {
  const holdfast = createHoldfast({ storage: memoryStorage() })
  onTestFinished(() => holdfast.close())
  return createHttpIdempotency(holdfast.idempotency, { scope: 'global', ...options })
}

const ask = (http: HttpIdempotency): Promise<HttpDecision> =>
  http.begin(undefined, {
    method: 'POST',
    route: '/a',
    url: '/a',
    headers: { 'idempotency-key': 'k' },
    hasBody: true,
    body: {},
  })

async function handle(http: HttpIdempotency): Promise<IdempotentRequest> {
  const decision = await ask(http)
  if (decision.action !== 'proceed') throw new Error(decision.action)
  return new IdempotentRequest(decision.exchange)
}

/** The decision for a retry; `free` releases its claim. */
async function state(http: HttpIdempotency): Promise<unknown> {
  const decision = await ask(http)
  if (decision.action === 'answer') {
    const { status, body } = decision.response
    if (status !== 409) return `replay ${status}`
    const { code, reason } = JSON.parse(String(body)) as { code: string; reason?: string }
    return reason ?? code
  }
  if (decision.action !== 'proceed') return decision.action
  await decision.exchange.release()
  return 'free'
}

const IN_PROGRESS = 'IDEMPOTENCY_IN_PROGRESS'

/** A handler that the test ends. */
function work() {
  let resolve: (value?: unknown) => void = () => undefined
  let reject: (error: unknown) => void = () => undefined
  const promise = new Promise<unknown>((yes, no) => {
    resolve = yes
    reject = no
  })
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}

/** Calls the handler as a framework does, which awaits its result. */
function called(handled: IdempotentRequest, handler: () => unknown, answersLater = never): Promise<unknown> {
  const result = Promise.resolve(handled.onHandler(handler, answersLater))
  result.catch(() => undefined)
  return result
}

describe('an answer that is sent while the handler runs', () => {
  test.each([503, 408, 401])('%i of a watchdog, then success: never again', async (status) => {
    const http = engine()
    const events: unknown[] = []
    const listener = (event: unknown): void => void events.push(event)
    subscribe('holdfast:http', listener)
    onTestFinished(() => void unsubscribe('holdfast:http', listener))
    const handled = await handle(http)
    const { promise, resolve } = work()
    const result = called(handled, () => promise)
    await handled.onSend(answer(status), handled.isHandlers)
    handled.onResponse()
    expect([handled.answered, handled.ended, await state(http)]).toEqual([true, false, IN_PROGRESS])
    resolve('value')
    await result
    await expect.poll(() => state(http)).toBe('unanswered')
    // The handler never answered.
    const executed = { type: 'executed', recorded: 'tombstone', status: null }
    expect(events).toContainEqual(expect.objectContaining(executed))
  })

  test.each([
    ['an error', new Error('it broke'), 'free'],
    ['nothing', undefined, 'free'],
    ['a 503', Object.assign(new Error('no'), { status: 503 }), 'free'],
    ['a 401', Object.assign(new Error('no'), { statusCode: 401 }), 'free'],
    // The policy stores it, but the answer that the app would have made of it is lost.
    ['a 422', Object.assign(new Error('no'), { status: 422 }), 'unanswered'],
  ])('503 of a watchdog, then %s is thrown', async (_name, error, then) => {
    const http = engine()
    const handled = await handle(http)
    const { promise, reject } = work()
    const result = called(handled, () => promise)
    await handled.onSend(answer(503), false)
    expect(await state(http)).toBe(IN_PROGRESS)
    reject(error)
    await result.catch(() => undefined)
    await expect.poll(() => state(http)).toBe(then)
  })

  test.each(['ERR_HTTP_HEADERS_SENT', 'FST_ERR_REP_ALREADY_SENT'])(
    '503 of a watchdog, then the handler cannot answer (%s): its work is done all the same',
    async (code) => {
      const http = engine()
      const handled = await handle(http)
      const { promise, reject } = work()
      const result = called(handled, () => promise)
      await handled.onSend(answer(503), false)
      reject(Object.assign(new Error('Cannot set headers'), { code }))
      await result.catch(() => undefined)
      await expect.poll(() => state(http)).toBe('unanswered')
    },
  )

  test('503 of a watchdog, then success: no rule on a status frees the key', async () => {
    const http = engine({ replay: ({ status }) => (status === 201 ? 'store' : 'release') })
    const handled = await handle(http)
    const { promise, resolve } = work()
    const result = called(handled, () => promise)
    await handled.onSend(answer(503), false)
    resolve()
    await result
    await expect.poll(() => state(http)).toBe('unanswered')
  })

  test('an answer to store is recorded at once, also that of a watchdog', async () => {
    const http = engine({ replay: 'stripe-v1' })
    const handled = await handle(http)
    const { promise, reject } = work()
    const result = called(handled, () => promise)
    await handled.onSend(answer(503), false)
    expect([handled.ended, await state(http)]).toEqual([true, 'replay 503'])
    reject(new Error('too late to count'))
    await result.catch(() => undefined)
    expect(await state(http)).toBe('replay 503')
  })

  test("the handler's own answer counts as soon as the handler has ended, and is not held back", async () => {
    const http = engine()
    const handled = await handle(http)
    const { promise, resolve } = work()
    const result = called(handled, async () => {
      await Promise.resolve()
      await handled.onSend(answer(503), handled.isHandlers)
      await promise
    })
    await expect.poll(() => handled.answered).toBe(true)
    expect(await state(http)).toBe(IN_PROGRESS)
    resolve()
    await result
    await expect.poll(() => state(http)).toBe('free')
  })

  test('a handler within a handler does not answer for the outer one', async () => {
    const http = engine()
    const outer = await handle(http)
    const inner = new IdempotentRequest(outer.exchange)
    outer.onHandler(() => {
      expect([outer.isHandlers, inner.isHandlers]).toEqual([true, false])
      expect(currentIdempotentRequest()).toBe(outer)
      inner.onHandler(() => expect([outer.isHandlers, inner.isHandlers]).toEqual([false, true]), never)
    }, never)
    expect([outer.isHandlers, currentIdempotentRequest()]).toEqual([false, undefined])
  })
})

describe('a handler that returns nothing which ends', () => {
  test('counts as running until it answers', async () => {
    const http = engine()
    const handled = await handle(http)
    let respond: () => Promise<void> = async () => undefined
    handled.onHandler(() => {
      const { promise, resolve } = work()
      respond = async () => resolve()
      void promise.then(() => handled.onSend(answer(503), handled.isHandlers))
    }, always)
    await handled.onSend(answer(503), false)
    expect(await state(http)).toBe(IN_PROGRESS)
    await respond()
    await expect.poll(() => state(http)).toBe('free')
  })

  test('may answer before it returns', async () => {
    const http = engine()
    const handled = await handle(http)
    handled.onHandler(() => void handled.onSend(answer(503), handled.isHandlers), always)
    await expect.poll(() => state(http)).toBe('free')
  })

  test('and whose answer has lost its context keeps its key until timeoutMs, and keeps no shutdown waiting', async () => {
    const http = engine({ timeoutMs: 300, leaseMs: 400 })
    const handled = await handle(http)
    handled.onHandler(() => undefined, always)
    await handled.onSend(answer(503), false)
    expect(await state(http)).toBe(IN_PROGRESS)
    await http.drained()
    await expect.poll(() => state(http)).toBe('free')
  })

  test('or returns a value, has ended: what is sent for it counts', async () => {
    const http = engine()
    const handled = await handle(http)
    expect(handled.onHandler(() => 'value', never)).toBe('value')
    await handled.onSend(answer(503), false)
    expect(await state(http)).toBe('free')
  })
})

describe('the end', () => {
  test("of a handler decides nothing before an answer is sent: the framework's is still to follow", async () => {
    const http = engine()
    const handled = await handle(http)
    await called(handled, async () => {
      throw new Error('an exception filter sees to it')
    }).catch(() => undefined)
    expect(await state(http)).toBe(IN_PROGRESS)
    await handled.onSend({ ...answer(200), error: new Error('filtered') }, false)
    expect(await state(http)).toBe('replay 200')
  })

  test('of a stream that frees the key is the end of the response', async () => {
    const http = engine()
    const handled = await handle(http)
    await called(handled, async () => 'a stream')
    await handled.onSend(answer(503, { omitted: 'stream' }), false)
    expect(await state(http)).toBe(IN_PROGRESS)
    handled.onResponse()
    await expect.poll(() => state(http)).toBe('free')
  })

  test('of a handler that throws at once', async () => {
    const http = engine()
    const handled = await handle(http)
    expect(() =>
      handled.onHandler(() => {
        throw new Error('at once')
      }, never),
    ).toThrow('at once')
    await handled.onSend(answer(500), false)
    expect(await state(http)).toBe('free')
  })
})

describe('a handler that is called again', () => {
  test('has one claim, and the last call decides', async () => {
    const http = engine()
    const handled = await handle(http)
    const calls = [work(), work()]
    const results = calls.map(({ promise }) => called(handled, () => promise))
    await handled.onSend(answer(503), false)
    calls[1]?.reject(new Error('the last one fails'))
    await results[1]?.catch(() => undefined)
    // The first call is still running.
    expect(await state(http)).toBe(IN_PROGRESS)
    calls[0]?.resolve()
    await results[0]
    await expect.poll(() => state(http)).toBe('free')
  })
})

test('an answer that is sent before the claim: the claim is released, and the handler is not called', async () => {
  const http = engine()
  const facts = {
    method: 'POST',
    route: '/a',
    url: '/a',
    headers: { 'idempotency-key': 'k' },
    hasBody: true,
    body: {},
  }
  let isAnswered = false
  const decision = http.begin(undefined, facts, { isAnswered: () => isAnswered })
  isAnswered = true
  expect(await decision).toEqual({ action: 'late' })
  expect(await state(http)).toBe('free')
})
