import { close, holdfast } from '../holdfast.ts'
import { charge } from './charge.ts'
import { koaIdempotent } from './koa-idempotent.ts'

// #region app
import { Readable } from 'node:stream'
import { bodyParser } from '@koa/bodyparser'
import Koa from 'koa'

const payments = koaIdempotent(
  // In earnest: the user whom you authenticated.
  { holdfast, route: '/payments', scope: (ctx) => ctx.get('authorization') },
  async (ctx) => {
    const { amount } = ctx.request.body as { amount: number }
    if (amount > 1_000) throw new Error('The payment service is away.')
    ctx.status = 201
    ctx.body = await charge(amount)
  },
)
const csv = koaIdempotent({ holdfast, route: '/exports', scope: () => 'global' }, (ctx) => {
  ctx.body = Readable.from(['one,', 'two'])
})

const app = new Koa()
app.use(bodyParser())
app.use((ctx, next) => {
  if (ctx.method !== 'POST') return next()
  if (ctx.path === '/payments') return payments(ctx, next)
  if (ctx.path === '/exports') return csv(ctx, next)
  return next()
})
// #endregion

app.silent = true
const server = app.listen(0, '127.0.0.1', () => console.log('listening on', server.address()))

process.once('SIGTERM', async () => {
  server.close()
  await payments.drained()
  await close()
})
