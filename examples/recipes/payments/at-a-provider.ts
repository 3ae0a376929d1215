// #region pay
import Stripe from 'stripe'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

const { STRIPE_KEY = 'sk_test_1', STRIPE_API } = process.env
const at = STRIPE_API === undefined ? undefined : new URL(STRIPE_API)
const stripe = new Stripe(STRIPE_KEY, {
  maxNetworkRetries: 2,
  ...(at && { protocol: 'http', host: at.hostname, port: Number(at.port) }),
})

interface Order {
  readonly id: string
  readonly cents: number
}

const payment = holdfast.idempotency.define<Order, { readonly intent: string; readonly status: string }>(
  'charge',
  {
    key: ({ id }) => id,
    fingerprint: ({ cents }) => cents,
    onInProgress: 'wait',
    completedWindowMs: 24 * 3_600_000,
    // The customer's bank has said no: that is an answer, and no attempt after it may ask again.
    classifyError: (error) => (error instanceof Stripe.errors.StripeCardError ? { final: true } : undefined),
  },
)

async function pay(order: Order) {
  return await payment.run(order, async (execution, { id, cents }) => {
    const intent = await stripe.paymentIntents.create(
      {
        amount: cents,
        currency: 'eur',
        payment_method: 'pm_card_visa',
        confirm: true,
        metadata: { order: id },
      },
      // Of the order, and never of the attempt: Stripe answers every attempt with the first one's charge.
      { idempotencyKey: `charge-${id}` },
    )
    // A crash here is the one that matters: the card is charged, and Redis does not know it.
    await work(`charged ${intent.id}, attempt ${execution.attempt}`, execution.signal)
    return { intent: intent.id, status: intent.status }
  })
}
// #endregion

const [, , id = '', cents = ''] = process.argv
try {
  const { status, result } = await pay({ id, cents: Number(cents) })
  console.log(status, result.intent, result.status)
} catch (error) {
  console.log('failed:', (error as Error).message)
  process.exitCode = 1
} finally {
  await close()
}
