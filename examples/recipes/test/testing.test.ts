// #region vitest
import { expect, test } from 'vitest'
import { createWorld, fakePayments } from '../testing/world.ts'
import { fakeTime } from '@holdfast/core/testing'

test('a repeated order is charged once, whichever process it comes to', async () => {
  const { startProcess } = createWorld()
  const payments = fakePayments()
  const [one, other] = [startProcess(payments), startProcess(payments)]
  const both = await Promise.all([one.orders.pay('o-1'), other.orders.pay('o-1')])
  expect(both).toEqual(['ch_o-1', 'ch_o-1'])
  expect(payments.charged).toEqual(['o-1'])
})

test('when a process dies in the charge, another one takes over after the lease', async () => {
  const { time, startProcess } = createWorld()
  // Its time never moves, so it renews nothing, and its charge never ends: to all others it is dead.
  const dead = startProcess(fakePayments({ hangs: true }), fakeTime())
  void dead.orders.pay('o-1')
  await time.advance(0)

  const payments = fakePayments()
  const paid = startProcess(payments).orders.pay('o-1')
  await time.advance(29_000)
  expect(payments.charged).toEqual([])
  await time.advance(2_000)
  expect(await paid).toBe('ch_o-1')
})

test('a long charge keeps its lease', async () => {
  const { time, startProcess } = createWorld()
  void startProcess(fakePayments({ hangs: true })).orders.pay('o-1')
  const payments = fakePayments()
  void startProcess(payments)
    .orders.pay('o-1')
    .catch(() => undefined)
  await time.advance(10 * 60_000)
  expect(payments.charged).toEqual([])
})

test('without Redis nothing is charged, and the caller knows in two seconds', async () => {
  const { time, startProcess } = createWorld()
  const payments = fakePayments()
  const { link, orders } = startProcess(payments)
  link.disconnect()
  const failed = orders.pay('o-1').catch((error: unknown) => error)
  await time.advance(2_000)
  expect(await failed).toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  expect(payments.charged).toEqual([])

  link.reconnect()
  expect(await orders.pay('o-1')).toBe('ch_o-1')
})

test('a lost answer of Redis makes no second charge', async () => {
  const { time, startProcess } = createWorld()
  const payments = fakePayments()
  const { link, orders } = startProcess({
    charge: (order) => {
      link.loseNextReply() // of the command that records the result
      return payments.charge(order)
    },
  })
  const paid = orders.pay('o-1')
  await time.advance(1_000)
  expect(link.connection.state).toBe('down')
  link.reconnect()
  await time.advance(1_000)
  expect(await paid).toBe('ch_o-1')
  expect(await startProcess(payments).orders.pay('o-1')).toBe('ch_o-1')
  expect(payments.charged).toEqual(['o-1'])
})
// #endregion
