// #region world
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { type FakeTime, fakeTime, faultyStorage } from '@holdfast/core/testing'
import { createOrders, type PaymentService } from './orders.ts'

/** One storage, and as many processes as a test needs, each with its own Holdfast. */
export function createWorld() {
  const time = fakeTime()
  const storage = memoryStorage({ now: time.now })

  function startProcess(payments: PaymentService, processTime: FakeTime = time) {
    const link = faultyStorage(storage)
    const holdfast = createHoldfast({ storage: link, runtime: processTime })
    return { link, holdfast, orders: createOrders(holdfast, payments) }
  }
  return { time, startProcess }
}

/** A payment service that counts. Its charge never ends where a test says so. */
export function fakePayments({ hangs = false } = {}) {
  const charged: string[] = []
  return {
    charged,
    charge(order: string): Promise<string> {
      charged.push(order)
      return hangs ? new Promise(() => undefined) : Promise.resolve(`ch_${order}`)
    },
  }
}
// #endregion
