// #region node
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fakeTime } from '@holdfast/core/testing'
import { createWorld, fakePayments } from './world.ts'

void test('when a process dies in the charge, another one takes over after the lease', async () => {
  const { time, startProcess } = createWorld()
  void startProcess(fakePayments({ hangs: true }), fakeTime()).orders.pay('o-1')
  await time.advance(0)

  const payments = fakePayments()
  const paid = startProcess(payments).orders.pay('o-1')
  await time.advance(31_000)
  assert.equal(await paid, 'ch_o-1')
  assert.deepEqual(payments.charged, ['o-1'])
})
// #endregion
