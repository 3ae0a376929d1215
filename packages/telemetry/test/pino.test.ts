import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Writable } from 'node:stream'
import { setTimeout as later } from 'node:timers/promises'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { idempotent } from '@holdfast/http'
import { type PinoBridge, startPino } from '@holdfast/telemetry/pino'
import { pino } from 'pino'
import { afterEach, expect, it } from 'vitest'

let bridge: PinoBridge | undefined
afterEach(() => bridge?.stop())

/** A real logger, and the lines that it wrote. */
function logger(mixin: PinoBridge['mixin']) {
  const lines: Record<string, unknown>[] = []
  const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
    lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>)
    done()
  }
  return { log: pino({ mixin }, new Writable({ write })), lines }
}

it('every line of a job names its execution, also what it awaits, and no other line does', async () => {
  bridge = startPino()
  const { log, lines } = logger(bridge.mixin)
  const { idempotency, close } = createHoldfast({ storage: memoryStorage() })
  log.info('before')
  const job = (key: string) =>
    idempotency.run('invoice', key, async () => {
      log.info('begins')
      await later(1)
      log.child({ page: 1 }).info('draws')
    })
  const [a, b] = await Promise.all([job('a'), job('b')])
  log.info('after')
  const fieldsOf = (id: string): unknown[] =>
    lines
      .filter(({ executionId }) => executionId === id)
      .map(({ msg, jobType, jobKey, attempt }) => [msg, jobType, jobKey, attempt])
  expect(fieldsOf(a.executionId)).toEqual([
    ['begins', 'invoice', 'a', 1],
    ['draws', 'invoice', 'a', 1],
  ])
  expect(fieldsOf(b.executionId)).toHaveLength(2)
  expect(lines.filter(({ executionId }) => executionId === undefined).map(({ msg }) => msg)).toEqual([
    'before',
    'after',
  ])
  await close()
})

it('a job within a job names the inner one, and the outer one again afterwards', async () => {
  bridge = startPino({ fields: ['executionId', 'jobType'] })
  const { log, lines } = logger(bridge.mixin)
  const { idempotency, close } = createHoldfast({ storage: memoryStorage() })
  await idempotency.run('outer', 'a', async () => {
    await idempotency.run('inner', 'a', () => log.info('in'))
    log.info('out')
  })
  expect(lines.map(({ msg, jobType, jobKey }) => [msg, jobType, jobKey])).toEqual([
    ['in', 'inner', undefined],
    ['out', 'outer', undefined],
  ])
  await close()
})

it('the handler of an idempotent route is a body, too', async () => {
  bridge = startPino()
  const { log, lines } = logger(bridge.mixin)
  const holdfast = createHoldfast({ storage: memoryStorage() })
  const route = idempotent({ holdfast, route: '/orders', scope: 'global' }, async (_request, response) => {
    await later(1)
    log.info('orders')
    response.end('{}')
  })
  const server = createServer((request, response) => void route(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/orders`
  const answer = await fetch(url, { method: 'POST', headers: { 'idempotency-key': crypto.randomUUID() } })
  expect(answer.status).toBe(200)
  expect(lines).toMatchObject([
    { msg: 'orders', jobType: 'http:POST /orders', executionId: expect.any(String) as string, attempt: 1 },
  ])
  server.close()
  server.closeAllConnections()
  await holdfast.close()
})

it('after stop() a line says nothing any more, and two bridges do not disturb each other', async () => {
  const first = startPino()
  bridge = startPino({ fields: ['attempt'] })
  const { idempotency, close } = createHoldfast({ storage: memoryStorage() })
  const seen = await idempotency.run('invoice', 'a', () => [first.mixin(), bridge?.mixin()])
  expect(seen.result).toEqual([expect.objectContaining({ jobType: 'invoice' }), { attempt: 1 }])
  first.stop()
  first.stop()
  const later = await idempotency.run('invoice', 'b', () => [first.mixin(), bridge?.mixin()])
  expect(later.result).toEqual([{}, { attempt: 1 }])
  await close()
})

it.each([
  [{ fields: 'executionId' }, 'got "executionId"'],
  [
    { fields: ['attempt', 'nope'] },
    "fields[1] must be 'executionId', 'jobType', 'jobKey' or 'attempt'; got \"nope\".",
  ],
  [{ fields: [7] }, 'got 7'],
  [{ field: [] }, 'fields'],
])('%o is refused, and the error says what is wrong', (options, says) => {
  expect(() => startPino(options as never)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(says) as string,
    }),
  )
})
