import { randomUUID } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { app, redis } from './app.ts'

afterAll(async () => {
  await app.close()
  await redis.quit()
})

it('does what the README says of it', async () => {
  const headers = { 'idempotency-key': randomUUID(), authorization: 'alice' }
  const send = () => app.inject({ method: 'POST', url: '/orders', headers, payload: { cart: 'a' } })
  const [first, second] = [await send(), await send()]
  expect([first.statusCode, second.statusCode]).toEqual([201, 201])
  expect(second.body).toBe(first.body)
  expect(second.headers).toMatchObject({ location: '/orders/1', 'idempotent-replayed': 'true' })
  expect((await app.inject('/health')).statusCode).toBe(200)
  const other = { ...headers, authorization: 'bob' }
  const bobs = await app.inject({ method: 'POST', url: '/orders', headers: other, payload: { cart: 'b' } })
  expect(bobs.json()).toMatchObject({ cart: 'b' })
  expect((await app.inject({ url: '/ops/executions', headers })).statusCode).toBe(403)
  const operator = { authorization: 'operator' }
  expect((await app.inject({ url: '/ops/executions', headers: operator })).statusCode).toBe(200)
})
