// #region app
import { createHmac, timingSafeEqual } from 'node:crypto'
import { idempotent } from '@holdfast/http'
import express, { type Request, type RequestHandler, type Response } from 'express'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

const { GITHUB_WEBHOOK_SECRET = '', PORT = '3000' } = process.env
if (GITHUB_WEBHOOK_SECRET === '') throw new Error('GITHUB_WEBHOOK_SECRET is missing.')

/** Refuses what GitHub has not signed. The signature is over the bytes, so no parser of JSON may come before. */
const signedByGitHub: RequestHandler = (request, response, next) => {
  const body: unknown = request.body
  // `express.raw` leaves the body of another content type unread.
  if (!Buffer.isBuffer(body)) {
    response.status(415).json({ error: 'the content type must be application/json' })
    return
  }
  const hmac = createHmac('sha256', GITHUB_WEBHOOK_SECRET).update(body)
  const expected = Buffer.from(`sha256=${hmac.digest('hex')}`)
  const signature = Buffer.from(request.get('x-hub-signature-256') ?? '')
  if (signature.length === expected.length && timingSafeEqual(signature, expected)) next()
  else response.status(401).json({ error: 'bad signature' })
}

const onDelivery = idempotent(
  {
    holdfast,
    scope: () => 'github',
    key: (request: Request) => request.get('x-github-delivery'),
    fingerprint: (request: Request) => [request.get('x-github-event'), request.body as Buffer],
    // GitHub lets its users send a delivery again for three days.
    retainMs: 4 * 86_400_000,
  },
  async (request: Request, response: Response) => {
    const { after } = JSON.parse(String(request.body)) as { after: string }
    await work(`handled ${after}`)
    response.json({ received: true })
  },
)

const app = express()
app.post('/webhooks/github', express.raw({ type: 'application/json' }), signedByGitHub, onDelivery)
// #endregion

// #region stop
const server = app.listen(Number(PORT), '127.0.0.1', () => console.log('listening on', server.address()))

process.once('SIGTERM', async () => {
  server.close()
  await onDelivery.drained()
  await close()
})
// #endregion
