import { Test } from '@nestjs/testing'
import { type Holdfast, createHoldfast, memoryStorage } from '@holdfast/core'
import { attachHoldfast } from '@holdfast/nest'
import { Orders, OrdersModule } from './orders.ts'

/** What Jest gives to its tests. */
declare const describe: (name: string, body: () => void) => void
declare const it: (name: string, body: () => Promise<void>) => void
declare const expect: (value: unknown) => { toBe(other: unknown): void; toEqual(other: unknown): void }

describe('Orders', () => {
  it('is tested in its container', async () => {
    const app = await Test.createTestingModule({ imports: [OrdersModule] }).compile()
    const orders = app.get(Orders)
    expect(await orders.place('a')).toBe('a under order:a, attempt 1')
    expect(await orders.place('a')).toBe('a under order:a, attempt 1')
    expect(orders.placed).toBe(1)
    await app.close()
  })

  it('is tested without one', async () => {
    const holdfast: Holdfast = createHoldfast({ storage: memoryStorage() })
    const orders = new Orders(holdfast.locks, holdfast.idempotency, holdfast.cache, holdfast.locks)
    attachHoldfast(orders, holdfast)
    expect(await orders.find('a')).toEqual({ id: 'a', loads: 1 })
    expect(await orders.find('a')).toEqual({ id: 'a', loads: 1 })
    await holdfast.close()
  })
})
