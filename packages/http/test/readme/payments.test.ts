import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { holdfast, listener } from './payments.ts'

it('does what the page about HTTP says', async () => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await holdfast.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/payments`
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'k-1', authorization: 'ada' }
  const send = (amount: number) => fetch(url, { method: 'POST', headers, body: JSON.stringify({ amount }) })
  expect(await (await send(5)).json()).toEqual({ id: 'ch_1' })
  const replay = await send(5)
  expect([replay.status, await replay.json()]).toEqual([201, { id: 'ch_1' }])
  expect(replay.headers.get('idempotent-replayed')).toBe('true')
  const other = await send(6)
  expect([other.status, await other.json()]).toMatchObject([422, { code: 'IDEMPOTENCY_KEY_REUSED' }])
})
