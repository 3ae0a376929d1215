import type { Storage } from '@holdfast/core'
import { holdfast, holdfastHealth, holdfastState } from '@holdfast/fastify'
import fastify, { type FastifyInstance } from 'fastify'

export interface AppOptions {
  readonly storage: Storage
  readonly prefix?: string
}

/**
 * A ticket office: every seat is sold once, however often a customer's phone repeats the order, and the report of a
 * day is made once, however many ask for it. It knows nothing of where Holdfast keeps its state.
 */
export async function ticketOffice({ storage, prefix = 'tickets' }: AppOptions): Promise<FastifyInstance> {
  const app = fastify()
  // The office's own books; a real one has a database.
  const sold = new Map<string, string>()

  await app.register(holdfast, {
    storage,
    prefix,
    http: { scope: ({ headers }) => String(headers['x-customer'] ?? 'walk-in') },
  })
  await app.register(holdfastHealth)
  await app.register(holdfastState, { prefix: '/ops', authorize: 'public' })
  const { locks, idempotency, cache } = app.holdfast

  app.post<{ Params: { seat: string } }>(
    '/seats/:seat/tickets',
    { config: { idempotency: true } },
    async ({ params: { seat }, headers }, reply) => {
      const isMine = await locks.run(`seat:${seat}`, async () => {
        if (sold.has(seat)) return false
        // Long enough for another order to come in between, were it not for the lock.
        await new Promise((resolve) => setTimeout(resolve, 20))
        sold.set(seat, String(headers['x-customer']))
        return true
      })
      if (!isMine) return reply.code(410).send({ seat, sold: false })
      await cache.remove('free-seats')
      return reply.code(201).header('location', `/seats/${seat}`).send({ seat, sold: true })
    },
  )

  app.get('/seats', async () =>
    cache.getOrCreate('free-seats', () => ['1A', '1B', '1C'].filter((seat) => !sold.has(seat))),
  )

  app.post<{ Params: { day: string } }>('/reports/:day', async ({ params: { day } }) => {
    const options = { onInProgress: 'wait' as const, waitMs: Infinity }
    const { status, result } = await idempotency.run('report', day, options, async (execution) => {
      for (const percent of [25, 50, 75, 100]) await execution.updateProgress(percent, `counting ${day}`)
      return { day, tickets: sold.size }
    })
    return { status, report: result }
  })

  return app
}
