import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { holdfast, listener, redis } from './express.ts'
import { server, shutDown } from './node.ts'

async function urlOf(started: Server): Promise<string> {
  await once(started.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/orders`
}

async function twice(url: string): Promise<Response[]> {
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': randomUUID(),
    authorization: 'alice',
  }
  const send = (): Promise<Response> => fetch(url, { method: 'POST', headers, body: '{"cart":"a"}' })
  return [await send(), await send()]
}

it('does what the README says of Express', async () => {
  const started = createServer(listener)
  onTestFinished(async () => {
    started.close()
    started.closeAllConnections()
    await holdfast.close()
    await redis.quit()
  })
  const [first, second] = await twice(await urlOf(started))
  expect([first?.status, second?.status]).toEqual([201, 201])
  expect(second?.headers.get('idempotent-replayed')).toBe('true')
  expect(second?.headers.get('location')).toBe('/orders/1')
  expect(await second?.json()).toEqual(await first?.json())
})

it('does what the README says of node:http', async () => {
  const [first, second] = await twice(await urlOf(server))
  expect([first?.status, second?.status]).toEqual([201, 201])
  expect(second?.headers.get('idempotent-replayed')).toBe('true')
  expect(await second?.text()).toBe('{"cart":"a"}')
  await shutDown()
})
