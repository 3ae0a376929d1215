import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, test } from 'vitest'
import {
  type Holdfast,
  type Storage,
  StorageUnavailableError,
  createHoldfast,
  memoryStorage,
} from '@holdfast/core'
import {
  type HttpDecision,
  type HttpExchange,
  type HttpIdempotency,
  type HttpIdempotencyEvent,
  type HttpIdempotencyOptions,
  type HttpRequestFacts,
  createHttpIdempotency,
} from '@holdfast/http'

const instances: Holdfast[] = []
afterEach(async () => {
  for (const instance of instances.splice(0)) await instance.close()
})

/** Long time limits: on a busy machine even the memory storage can be slow. */
function httpOver(
  storage: Storage,
  options: Partial<HttpIdempotencyOptions> = {},
  callTimeoutMs = 60_000,
): HttpIdempotency {
  const holdfast = createHoldfast({ storage, callTimeoutMs })
  instances.push(holdfast)
  return createHttpIdempotency(holdfast.idempotency, { scope: 'global', recordWaitMs: 60_000, ...options })
}

const ask = (http: HttpIdempotency, body: unknown = { a: 1 }, key = 'k'): Promise<HttpDecision> => {
  const facts: HttpRequestFacts = {
    method: 'POST',
    route: '/a',
    url: '/a',
    headers: { 'idempotency-key': key },
    body,
    hasBody: true,
  }
  return http.begin(undefined, facts)
}

async function started(decision: Promise<HttpDecision>): Promise<HttpExchange> {
  const { action, ...rest } = await decision
  if (action !== 'proceed') throw new Error(`${action}: ${JSON.stringify(rest)}`)
  return (rest as { exchange: HttpExchange }).exchange
}

async function answered(
  decision: Promise<HttpDecision>,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const decided = await decision
  if (decided.action !== 'answer') throw new Error(decided.action)
  const { status, body } = decided.response
  return { status, json: JSON.parse(Buffer.from(body ?? '{}').toString()) as Record<string, unknown> }
}

const ok = { status: 200, headers: {}, body: '{"ok":true}' }

/** A memory storage whose writes can fail like those of an unreachable storage. */
function breakable(): { storage: Storage; broken: boolean } {
  const memory = memoryStorage()
  const state = { broken: false }
  const orFail = async <T>(call: () => Promise<T>): Promise<T> => {
    if (state.broken) throw new StorageUnavailableError('out of reach', { maybeApplied: false })
    return call()
  }
  const { records } = memory
  return Object.assign(state, {
    storage: {
      ...memory,
      records: {
        ...records,
        put: (...args: Parameters<typeof records.put>) => orFail(() => records.put(...args)),
        compareAndDelete: (...args: Parameters<typeof records.compareAndDelete>) =>
          orFail(() => records.compareAndDelete(...args)),
      },
    },
  })
}

describe('an exchange', () => {
  test('is ended by the first call; later ones have its outcome', async () => {
    const http = httpOver(memoryStorage())
    const exchange = await started(ask(http))
    expect(exchange.ended).toBe(false)
    const outcomes = await Promise.all([
      exchange.complete(ok),
      exchange.complete({ ...ok, status: 500 }),
      exchange.fail(new Error('too late')),
      exchange.release(),
    ])
    expect(outcomes).toEqual(['stored', 'stored', 'stored', 'stored'])
    expect(exchange.ended).toBe(true)
    expect(await answered(ask(http))).toEqual({ status: 200, json: { ok: true } })
  })

  test.each([
    ['a byte order mark', Buffer.from('\ufeffabc')],
    ['no text', Buffer.from([0xff, 0x00, 0xc0])],
    ['a view into more', new Uint8Array([1, 2, 3, 4]).subarray(1, 3)],
    ['nothing', Buffer.alloc(0)],
    ['half a surrogate pair', 'a\ud800'],
  ])('replays the bytes of a body that is %s', async (_name, body) => {
    const http = httpOver(memoryStorage())
    await (await started(ask(http))).complete({ ...ok, body })
    const decision = await ask(http)
    if (decision.action !== 'answer') throw new Error(decision.action)
    expect(Buffer.from(decision.response.body ?? 'none')).toEqual(Buffer.from(body as string))
  })

  test('that is released leaves the key free, for another payload too', async () => {
    const http = httpOver(memoryStorage())
    expect(await (await started(ask(http))).release()).toBe('released')
    const again = await started(ask(http, { a: 2 }))
    expect(again.execution.attempt).toBe(1)
    await again.complete(ok)
  })

  test("that failed may be tried again, no matter how the instance's jobs classify errors", async () => {
    const holdfast = createHoldfast({
      storage: memoryStorage(),
      idempotency: { classifyError: () => ({ final: true }) },
    })
    instances.push(holdfast)
    const http = createHttpIdempotency(holdfast.idempotency, { scope: 'global' })
    expect(await (await started(ask(http))).fail(new Error('it broke'))).toBe('failed')
    const again = await started(ask(http))
    expect(await again.release()).toBe('released')
  })

  test('that is released after a failed attempt keeps the attempt and the payload', async () => {
    const http = httpOver(memoryStorage())
    expect(await (await started(ask(http))).fail(new Error('it broke'))).toBe('failed')
    expect(await (await started(ask(http))).release()).toBe('released')
    expect((await answered(ask(http, { a: 2 }))).status).toBe(422)
    expect((await started(ask(http))).execution.attempt).toBe(2)
  })

  test('delivers after recordWaitMs, and is recorded when the storage is back', async () => {
    const state = breakable()
    const http = httpOver(state.storage, { recordWaitMs: 20 })
    const exchange = await started(ask(http))
    state.broken = true
    expect(await exchange.complete(ok)).toBe('unconfirmed')
    state.broken = false
    await http.drained()
    expect(await answered(ask(http))).toEqual({ status: 200, json: { ok: true } })
  })

  test('whose answer is recorded late is reported once, when it is known', async () => {
    const events: HttpIdempotencyEvent[] = []
    const listener = (event: unknown): void => void events.push(event as HttpIdempotencyEvent)
    subscribe('holdfast:http', listener)
    const state = breakable()
    const http = httpOver(state.storage, { recordWaitMs: 0 })
    const exchange = await started(ask(http))
    state.broken = true
    expect(await exchange.complete(ok)).toBe('unconfirmed')
    expect(events).toEqual([])
    state.broken = false
    await http.drained()
    // The report follows the record in the same turn.
    await new Promise((resolve) => setImmediate(resolve))
    unsubscribe('holdfast:http', listener)
    expect(events).toMatchObject([{ type: 'executed', recorded: 'stored', status: 200, attempt: 1 }])
  })

  test('shows the handler that its lease is lost, and reports it', async () => {
    const storage = memoryStorage()
    const http = httpOver(storage, { leaseMs: 5_000 })
    const holdfast = createHoldfast({ storage })
    instances.push(holdfast)
    const exchange = await started(ask(http))
    const { jobType, jobKey } = exchange.execution
    await holdfast.idempotency.forget(jobType, jobKey)
    expect(await exchange.complete(ok)).toBe('lost')
    expect(exchange.execution.signal.aborted).toBe(true)
    expect((await ask(http)).action).toBe('proceed')
  })
})

describe('options', () => {
  test.each<[RegExp, unknown]>([
    [/scope is missing/, {}],
    [/scope is missing/, { scope: 'tenant' }],
    [/GET/, { scope: 'global', methods: ['POST', 'get'] }],
    [/nothing/, { scope: 'global', methods: [] }],
    [/set-cookie/, { scope: 'global', storeHeaders: ['Set-Cookie'] }],
    [/replay/, { scope: 'global', replay: 'stripe' }],
    [/onStorageUnavailable/, { scope: 'global', onStorageUnavailable: 'fail' }],
    [/retainMs/, { scope: 'global', retainMs: 0 }],
    [/wait.maxMs/, { scope: 'global', wait: { maxMs: Number.NaN } }],
    [/leaseMs/, { scope: 'global', leaseMs: 1 }],
    [/replay must not be async/, { scope: 'global', replay: async () => 'fail' }],
    [/problems.type must not be async/, { scope: 'global', problems: { type: async () => 'urn:x' } }],
    [/problems.describedBy/, { scope: 'global', problems: { describedBy: 'http://[' } }],
    [/problems.status/, { scope: 'global', problems: { status: { IDEMPOTENCY_OTHER: 400 } } }],
    [/problems.status/, { scope: 'global', problems: { status: { IDEMPOTENCY_IN_PROGRESS: 200 } } }],
    [/did you mean `problems.describedBy`/, { scope: 'global', problems: { describedby: 'x' } }],
    [/^header/, { scope: 'global', header: 'no header' }],
    [/^header/, { scope: 'global', header: 7 }],
    [/^key must be a function/, { scope: 'global', key: 'x' }],
    [/^fingerprint must be a function/, { scope: 'global', fingerprint: true }],
    [/^required/, { scope: 'global', required: 'false' }],
    [/^quotedOnly/, { scope: 'global', quotedOnly: 1 }],
    [/^statusHeader/, { scope: 'global', statusHeader: async () => false }],
    [/^methods/, { scope: 'global', methods: 'POST' }],
    [/^methods/, { scope: 'global', methods: [7] }],
    [/^storeHeaders/, { scope: 'global', storeHeaders: 'x-total' }],
    [/^storeHeaders/, { scope: 'global', storeHeaders: ['x total'] }],
  ])('%s', (message, options) => {
    const holdfast = createHoldfast({ storage: memoryStorage() })
    instances.push(holdfast)
    expect(() => createHttpIdempotency(holdfast.idempotency, options as HttpIdempotencyOptions)).toThrow(
      message,
    )
  })

  test('a policy that returns the promise of a verdict stores the answer, and its rejection ends nothing', async () => {
    const replay = (): never => Promise.reject(new Error('the rule failed')) as never
    const http = httpOver(memoryStorage(), { replay })
    expect(await (await started(ask(http))).complete(ok)).toBe('stored')
  })

  test.each(['key', 'scope', 'fingerprint'] as const)('%s may be async', async (name) => {
    const http = httpOver(memoryStorage(), { [name]: async () => 'one' })
    await (await started(ask(http))).complete(ok)
    expect(await ask(http)).toMatchObject({ action: 'answer', response: { status: 200 } })
  })

  test('a request that has failed for good does not say why: the app may show that', async () => {
    const http = httpOver(memoryStorage(), { maxAttempts: 1 })
    await (await started(ask(http))).fail(Object.assign(new Error('hidden'), { code: 'PG_SECRET' }))
    const { status, json } = await answered(ask(http))
    expect([status, json['code']]).toEqual([500, 'IDEMPOTENCY_EXECUTION_FAILED'])
    expect(JSON.stringify(json)).not.toContain('PG_SECRET')
  })

  test.each([undefined, '', 7])(
    'a scope of %j is refused: callers would share their answers',
    async (scope) => {
      const http = httpOver(memoryStorage(), { scope: () => scope as string })
      await expect(ask(http)).rejects.toThrow(/scope returned/)
    },
  )

  test('JSON that cannot be compared is the client’s fault, anything else is the server’s', async () => {
    const http = httpOver(memoryStorage())
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
    await (await started(ask(http, nested(200), 'deepest'))).complete(ok)
    for (const body of [nested(201), nested(50_000), JSON.parse('{"a":1e400}') as unknown]) {
      expect(await answered(ask(http, body))).toMatchObject({
        status: 400,
        json: { code: 'IDEMPOTENCY_BODY_NOT_COMPARABLE', retryable: false },
      })
    }
    await expect(ask(http, { a: new Map() })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const own = httpOver(memoryStorage(), { fingerprint: () => Number.NaN })
    await expect(ask(own)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    // The key is as free as before.
    await started(ask(http))
  })

  test('problems take the types, the status and the link of the app', async () => {
    const http = httpOver(memoryStorage(), {
      problems: {
        type: (code) => `https://api.example/problems/${code}`,
        describedBy: 'https://api.example/idempotency',
        status: { IDEMPOTENCY_KEY_REUSED: 400 },
      },
    })
    await (await started(ask(http))).complete(ok)
    const decision = await ask(http, { a: 2 })
    if (decision.action !== 'answer') throw new Error(decision.action)
    const { status, headers, body } = decision.response
    expect(status).toBe(400)
    expect(headers).toMatchObject({ link: '<https://api.example/idempotency>; rel="describedby"' })
    expect(JSON.parse(Buffer.from(body ?? '').toString())).toMatchObject({
      type: 'https://api.example/problems/IDEMPOTENCY_KEY_REUSED',
      status: 400,
    })
  })

  test('a custom fingerprint may leave parts out, or everything', async () => {
    const storage = memoryStorage()
    const some = httpOver(storage, {
      fingerprint: (_request, { body }) => (body as { a: number }).a,
    })
    await (await started(ask(some, { a: 1, at: 1 }))).complete(ok)
    expect((await answered(ask(some, { a: 1, at: 2 }))).status).toBe(200)
    expect((await answered(ask(some, { a: 2, at: 1 }))).status).toBe(422)
    expect((await answered(ask(httpOver(storage, { fingerprint: false }), 'anything'))).status).toBe(200)
  })

  test('kept headers can be added', async () => {
    const http = httpOver(memoryStorage(), { storeHeaders: ['X-Total'] })
    const headers = { 'x-total': 3, 'x-other': 'no', link: ['<a>', '<b>'], date: 'today' }
    await (await started(ask(http))).complete({ ...ok, headers })
    const decision = await ask(http)
    expect(decision).toMatchObject({
      action: 'answer',
      response: { headers: { 'x-total': '3', link: ['<a>', '<b>'], 'idempotent-replayed': 'true' } },
    })
    expect(JSON.stringify(decision)).not.toMatch(/x-other|today/)
  })

  test('the codec of the jobs carries answers, too', async () => {
    const rot = (text: string): string => Buffer.from(text).reverse().toString('latin1')
    const codec = {
      encode: (value: unknown) => rot(JSON.stringify(value)),
      decode: (data: string) => JSON.parse(rot(data)) as unknown,
    }
    const http = httpOver(memoryStorage(), { codec })
    await (await started(ask(http))).complete(ok)
    expect(await answered(ask(http))).toEqual({ status: 200, json: { ok: true } })
  })
})

describe('without its storage', () => {
  test("a request is refused, or handled without protection with 'open'", async () => {
    const state = breakable()
    const closed = httpOver(state.storage, {}, 100)
    const open = httpOver(state.storage, { onStorageUnavailable: 'open' }, 100)
    state.broken = true
    const events: unknown[] = []
    const listen = (event: unknown): number => events.push(event)
    subscribe('holdfast:http', listen)
    expect(await answered(ask(closed))).toMatchObject({
      status: 503,
      json: { code: 'IDEMPOTENCY_STORAGE_UNAVAILABLE', retryable: true },
    })
    unsubscribe('holdfast:http', listen)
    expect(events).toMatchObject([{ type: 'refused', error: { code: 'STORAGE_UNAVAILABLE' } }])
    expect(await ask(open)).toMatchObject({ action: 'bypass', reason: 'storageUnavailable' })
  })

  test('a request without a usable key does not call it', async () => {
    const state = breakable()
    state.broken = true
    const http = httpOver(state.storage, { onStorageUnavailable: 'open' })
    expect((await answered(ask(http, {}, ''))).status).toBe(400)
    expect((await answered(ask(http, {}, 'a,b'))).status).toBe(400)
  })
})

describe('a record that cannot be read', () => {
  const POST_A = { collection: 'app:http:POST /a' }

  /** A record that this version reads, with an answer that it does not. */
  const keeping = (answer: object): string => {
    const result = { kind: 'value', data: JSON.stringify(answer) }
    return JSON.stringify({ v: 1, status: 'completed', executionId: 'x', attempt: 1, result })
  }

  test.each([
    '{',
    '{"status":"completed"}',
    '{"v":2,"status":"completed"}',
    keeping({ v: 2, status: 200, parts: [] }),
    keeping({ v: 2, status: 200, omitted: 'elsewhere' }),
    keeping({ v: 1, status: 200, headers: {}, body: 'KLUv/Q', encoding: 'zstd' }),
  ])('gets a problem document that says so, and the handler is not called: %s', async (value) => {
    const storage = memoryStorage()
    const events: HttpIdempotencyEvent[] = []
    const listen = (event: unknown): number => events.push(event as HttpIdempotencyEvent)
    subscribe('holdfast:http', listen)
    const open = httpOver(storage, { onStorageUnavailable: 'open' })
    await (await started(ask(open))).complete(ok)
    const [stored] = (await storage.records.list(POST_A.collection, { limit: 2 })).records
    const key = { ...POST_A, id: stored?.id ?? '' }
    const write = { writeId: 'w', value, ttlMs: 60_000, notify: false }
    await storage.records.put(key, stored?.entry.rev ?? 0, write)
    const waiting = httpOver(storage, { wait: { maxMs: 60_000 } })
    for (const http of [open, waiting]) {
      expect(await answered(ask(http))).toMatchObject({
        status: 500,
        json: { code: 'IDEMPOTENCY_RECORD_UNREADABLE', retryable: true },
      })
    }
    unsubscribe('holdfast:http', listen)
    expect((await storage.records.read(key)).entry?.value).toBe(value)
    expect(events.at(-1)).toMatchObject({
      type: 'refused',
      code: 'IDEMPOTENCY_RECORD_UNREADABLE',
      error: { code: 'RECORD_UNREADABLE' },
    })
  })
})

describe('waiting', () => {
  test('ends with the signal', async () => {
    const http = httpOver(memoryStorage(), { wait: { maxMs: 60_000 } })
    const exchange = await started(ask(http))
    const closing = new AbortController()
    const facts = {
      method: 'POST',
      route: '/a',
      url: '/a',
      headers: { 'idempotency-key': 'k' },
      body: { a: 1 },
      hasBody: true,
    }
    const waiting = http.begin(undefined, facts, { signal: closing.signal })
    closing.abort()
    expect(await answered(waiting)).toMatchObject({ status: 409 })
    await exchange.complete(ok)
  })
})

test('no answer names the instance that works on a request', async () => {
  const holdfast = createHoldfast({
    storage: memoryStorage(),
    instance: 'secret-host',
    callTimeoutMs: 60_000,
  })
  instances.push(holdfast)
  const http = createHttpIdempotency(holdfast.idempotency, { scope: 'global', wait: { maxMs: 1 } })
  await started(ask(http))
  const { status, json } = await answered(ask(http))
  expect(status).toBe(409)
  expect(JSON.stringify(json)).not.toContain('secret-host')
})
