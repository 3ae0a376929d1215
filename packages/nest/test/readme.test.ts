import { Test } from '@nestjs/testing'
import { expect, it } from 'vitest'
import { AppModule, Orders, redis } from './readme/app.ts'

it('the app of the README works', async () => {
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile()
  const app = module.createNestApplication({ logger: false })
  app.useGlobalGuards({
    canActivate: (context) => {
      Object.assign(context.switchToHttp().getRequest<object>(), { user: { id: 'alice' } })
      return true
    },
  })
  await app.listen(0, '127.0.0.1')
  const orders = app.get(Orders)
  const order = await orders.checkOut('cart-1')
  expect(await orders.makeInvoice(order)).toEqual({ number: 'INV-order-of-cart-1' })
  expect(await orders.find('7')).toEqual({ id: '7', cart: 'loaded' })
  await orders.cancel('7')
  expect(await orders.cache.exists('order:7')).toBe(false)

  const place = () =>
    fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'k', connection: 'close' },
      body: '{"cart":"cart-2"}',
    })
  const url = await app.getUrl()
  const [first, second] = [await place(), await place()]
  expect(second.headers.get('idempotent-replayed')).toBe('true')
  expect(await second.json()).toEqual(await first.json())
  expect((await fetch(`${url}/health`, { headers: { connection: 'close' } })).status).toBe(200)
  await app.close()
  redis.disconnect()
})
