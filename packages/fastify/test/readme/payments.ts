import { memoryStorage } from '@holdfast/core'
import { holdfast } from '@holdfast/fastify'
import fastify from 'fastify'

const app = fastify()
const storage = memoryStorage()
let charges = 0
const charge = async (_amount: number): Promise<string> => `ch_${(charges += 1)}`

// #region route
await app.register(holdfast, {
  storage,
  prefix: 'shop',
  http: { scope: (request) => request.headers.authorization ?? '' }, // in earnest: the user whom you authenticated
})

app.post('/payments', { config: { idempotency: true } }, async (request, reply) => {
  const { amount } = request.body as { amount: number }
  return reply.code(201).send({ id: await charge(amount) })
})
// #endregion

export { app }
