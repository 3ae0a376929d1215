// #region code
import type { Holdfast } from '@holdfast/core'

export interface PaymentService {
  /** Takes the key that makes a repeated charge one charge. */
  charge(order: string, key: string): Promise<string>
}

/** Charges each order once, however often and on however many instances it is asked to. */
export function createOrders(holdfast: Holdfast, payments: PaymentService) {
  return {
    async pay(order: string): Promise<string> {
      const { result } = await holdfast.idempotency.run('pay', order, { onInProgress: 'wait' }, () =>
        payments.charge(order, order),
      )
      return result
    },
  }
}
// #endregion
