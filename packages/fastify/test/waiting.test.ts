import { memoryStorage } from '@holdfast/core'
import fastify from 'fastify'
import { expect, test } from 'vitest'
import { holdfast } from '../src/index.ts'

test('a duplicate whose client hung up does not wait any more, nor try again', async () => {
  const app = fastify()
  const http = { scope: 'global' as const, wait: { maxMs: 60_000 } }
  await app.register(holdfast, { storage: memoryStorage(), http })
  let received = 0
  let over = 0
  let fail: () => void = () => undefined
  app.addHook('preHandler', async () => void (received += 1))
  app.addHook('onRequest', async (_request, { raw }) => void raw.once('close', () => (over += 1)))
  app.post('/held', { config: { idempotency: true } }, async ({ idempotency }) => {
    const attempt = idempotency?.execution.attempt
    if (attempt !== 1) return { attempt }
    await new Promise<void>((resolve) => (fail = resolve))
    throw new Error('the first try failed')
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const send = (signal?: AbortSignal): Promise<Response> =>
    fetch(`${url}/held`, {
      method: 'POST',
      headers: { 'idempotency-key': 'k' },
      ...(signal && { signal }),
    })
  const first = send()
  await expect.poll(() => received).toBe(1)
  const hangUp = new AbortController()
  const second = send(hangUp.signal)
  await expect.poll(() => received).toBe(2)
  hangUp.abort()
  await expect(second).rejects.toThrow('aborted')
  await expect.poll(() => over).toBe(1)
  fail()
  expect((await first).status).toBe(500)
  const third = await send()
  expect(await third.json()).toEqual({ attempt: 2 })
  // The one that hung up would have been the second attempt.
  expect(third.headers.has('idempotent-replayed')).toBe(false)
  await app.close()
})
