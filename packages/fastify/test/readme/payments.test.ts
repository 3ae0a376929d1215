import { afterAll, expect, it } from 'vitest'
import { app } from './payments.ts'

afterAll(() => app.close())

it('does what the page about HTTP says', async () => {
  const headers = { 'idempotency-key': 'k-1', authorization: 'ada' }
  const send = (amount: number) =>
    app.inject({ method: 'POST', url: '/payments', headers, payload: { amount } })
  expect((await send(5)).json()).toEqual({ id: 'ch_1' })
  const replay = await send(5)
  expect([replay.statusCode, replay.json()]).toEqual([201, { id: 'ch_1' }])
  expect(replay.headers['idempotent-replayed']).toBe('true')
  const other = await send(6)
  expect([other.statusCode, other.json()]).toMatchObject([422, { code: 'IDEMPOTENCY_KEY_REUSED' }])
})
