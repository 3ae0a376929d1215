import { close, holdfast } from '../holdfast.ts'
import { charge } from './charge.ts'
import { type NodeEnv, honoIdempotent } from './hono-idempotent.ts'

// #region app
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { streamText } from 'hono/streaming'

const payments = honoIdempotent(
  // In earnest: the user whom you authenticated.
  { holdfast, route: '/payments', scope: (c) => c.req.header('authorization') ?? '' },
  async (c) => {
    const { amount } = await c.req.json<{ amount: number }>()
    if (amount > 1_000) throw new Error('The payment service is away.')
    return c.json(await charge(amount), 201)
  },
)

const app = new Hono<NodeEnv>()
app.post('/payments', payments)
app.post(
  '/exports',
  honoIdempotent({ holdfast, route: '/exports', scope: () => 'global' }, (c) =>
    streamText(c, async (stream) => {
      await stream.write('one,')
      await stream.write('two')
    }),
  ),
)
// #endregion

app.onError((error, c) => c.text(error.message, 500))
const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (address) =>
  console.log('listening on', address),
)

process.once('SIGTERM', async () => {
  server.close()
  await payments.drained()
  await close()
})
