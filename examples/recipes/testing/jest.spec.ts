// #region jest
import { expect, test } from '@jest/globals'
import { fakeTime } from '@holdfast/core/testing'
import { createWorld, fakePayments } from './world.ts'

test('when a process dies in the charge, another one takes over after the lease', async () => {
  const { time, startProcess } = createWorld()
  void startProcess(fakePayments({ hangs: true }), fakeTime()).orders.pay('o-1')
  await time.advance(0)

  const payments = fakePayments()
  const paid = startProcess(payments).orders.pay('o-1')
  await time.advance(31_000)
  expect(await paid).toBe('ch_o-1')
  expect(payments.charged).toEqual(['o-1'])
})
// #endregion
