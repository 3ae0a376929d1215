import type { RequestListener } from 'node:http'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { idempotent } from '@holdfast/http'
import express, { type Request, type Response } from 'express'

const app = express()
const holdfast = createHoldfast({ storage: memoryStorage(), prefix: 'shop' })
let charges = 0
const charge = async (_amount: number): Promise<string> => `ch_${(charges += 1)}`

// #region route
const http = {
  holdfast,
  scope: (request: Request) => request.get('authorization') ?? '', // in earnest: the user whom you authenticated
}

app.use(express.json())
app.post(
  '/payments',
  idempotent(http, async (request: Request, response: Response) => {
    const { amount } = request.body as { amount: number }
    response.status(201).json({ id: await charge(amount) })
  }),
)
// #endregion

const listener: RequestListener = app
export { holdfast, listener }
