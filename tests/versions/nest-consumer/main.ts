import 'reflect-metadata'
import { deepStrictEqual, strictEqual } from 'node:assert'
import { type INestApplication } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import { Holdfast } from '@holdfast/nest'
import { Orders, OrdersController, OrdersModule } from './orders.ts'

/** Uses everything once, on both platforms, and says how often it went well. */
async function main(): Promise<void> {
  const options = { logger: ['error'] as 'error'[], abortOnError: false }
  await use(await NestFactory.create(OrdersModule, options))
  await use(await NestFactory.create(OrdersModule, new FastifyAdapter(), options))
  console.log('used on Express and on Fastify')
}

async function use(app: INestApplication): Promise<void> {
  await app.listen(0, '127.0.0.1')
  const url = await app.getUrl()
  const orders = app.get(Orders)
  const holdfast = app.get(Holdfast)

  strictEqual(orders.locks, holdfast.locks)
  strictEqual(orders.idempotency, holdfast.idempotency)
  strictEqual(orders.cache, holdfast.cache)
  strictEqual(orders.otherLocks === holdfast.locks, false)

  const placed = 'a under order:a, attempt 1'
  deepStrictEqual(await Promise.all([orders.place('a'), orders.place('a'), orders.place('a')]), [
    placed,
    placed,
    placed,
  ])
  strictEqual(orders.placed, 1)
  deepStrictEqual(
    [await orders.find('a'), await orders.find('a')].map(({ loads }) => loads),
    [1, 1],
  )
  await orders.change('a')
  strictEqual((await orders.find('a')).loads, 2)

  const post = async (amount: unknown, headers: Record<string, string>): Promise<unknown[]> => {
    const response = await fetch(`${url}/orders/b`, {
      method: 'POST',
      body: JSON.stringify({ amount }),
      headers: { 'content-type': 'application/json', connection: 'close', ...headers },
    })
    return [response.status, response.headers.get('idempotent-replayed'), await response.text()]
  }
  const ada = { 'x-user': 'ada', 'idempotency-key': 'k' }
  strictEqual((await post(1, { 'idempotency-key': 'k' }))[0], 403)
  strictEqual((await post('one', ada))[0], 400)
  strictEqual((await post(1, { 'x-user': 'ada' }))[0], 400)
  const body = '{"id":"b","amount":1,"handled":1,"placed":"b under order:b, attempt 1"}'
  deepStrictEqual(await post(1, ada), [201, null, body])
  deepStrictEqual(await post(1, ada), [201, 'true', body])
  strictEqual((await post(2, ada))[0], 422)
  strictEqual((await post(1, { ...ada, 'x-user': 'grace' }))[1], null)
  strictEqual(app.get(OrdersController).handled, 2)

  const health = await fetch(`${url}/health`, { headers: { connection: 'close' } })
  strictEqual(health.status, 200)
  strictEqual(
    ((await health.json()) as { details: { storage: { status: string } } }).details.storage.status,
    'up',
  )

  await app.close()
  await holdfast.locks.acquire('late').then(
    () => strictEqual('open', 'closed'),
    (error: { code?: string }) => strictEqual(error.code, 'CLOSED'),
  )
}

void main()
