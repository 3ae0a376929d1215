import { close, holdfast } from '../holdfast.ts'
import { charge } from './charge.ts'

// #region app
import { idempotent } from '@holdfast/http'
import express, { type Request, type Response } from 'express'

const payments = idempotent(
  // In earnest: the user whom you authenticated.
  { holdfast, scope: (request: Request) => request.get('authorization') ?? '' },
  async (request: Request, response: Response) => {
    const { amount } = request.body as { amount: number }
    if (amount > 1_000) throw new Error('The payment service is away.')
    response.status(201).json(await charge(amount))
  },
)

const app = express()
app.use(express.json())
app.post('/payments', payments)
app.post(
  '/exports',
  idempotent({ holdfast, scope: () => 'global' }, (_request: Request, response: Response) => {
    response.write('one,')
    response.end('two')
  }),
)
// #endregion

const server = app.listen(0, '127.0.0.1', () => console.log('listening on', server.address()))

// #region stop
process.once('SIGTERM', async () => {
  server.close()
  await payments.drained()
  await close()
})
// #endregion
