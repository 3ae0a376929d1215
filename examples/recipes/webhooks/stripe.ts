// #region app
import { idempotent } from '@holdfast/http'
import express, { type Request, type RequestHandler, type Response } from 'express'
import Stripe from 'stripe'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

const { STRIPE_WEBHOOK_SECRET = '', PORT = '3000' } = process.env
if (STRIPE_WEBHOOK_SECRET === '') throw new Error('STRIPE_WEBHOOK_SECRET is missing.')

declare global {
  namespace Express {
    interface Request {
      event: Stripe.Event
    }
  }
}

/** Refuses what Stripe has not signed. The signature is over the bytes, so no parser of JSON may come before. */
const signedByStripe: RequestHandler = (request, response, next) => {
  const signature = request.get('stripe-signature') ?? ''
  try {
    request.event = Stripe.webhooks.constructEvent(request.body as Buffer, signature, STRIPE_WEBHOOK_SECRET)
  } catch {
    response.status(400).json({ error: 'bad signature' })
    return
  }
  next()
}

const onEvent = idempotent(
  {
    holdfast,
    // Only Stripe gets here. With Connect, where each account has its own events: `event.account`.
    scope: () => 'stripe',
    key: ({ event }: Request) => event.id,
    // What the event says. Its envelope (`pending_webhooks`) may differ from one delivery to the next.
    fingerprint: ({ event }: Request) => [event.type, event.created, event.data.object],
    // Stripe sends an event again for up to three days.
    retainMs: 4 * 86_400_000,
  },
  async ({ event }: Request, response: Response) => {
    await work(`handled ${event.id}`)
    response.json({ received: true })
  },
)

const app = express()
app.post('/webhooks/stripe', express.raw({ type: 'application/json' }), signedByStripe, onEvent)
// #endregion

// #region stop
const server = app.listen(Number(PORT), '127.0.0.1', () => console.log('listening on', server.address()))

process.once('SIGTERM', async () => {
  server.close()
  await onEvent.drained()
  await close()
})
// #endregion
