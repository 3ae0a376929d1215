// #region worker
import { run } from 'graphile-worker'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'
import { once } from './once.ts'

const url = process.env['POSTGRES_URL'] ?? 'postgres://localhost/shop'

interface Order {
  readonly id: string
}

const runner = await run({
  connectionString: url,
  concurrency: 5,
  noHandleSignals: true,
  taskList: {
    invoice: async (payload, helpers) => {
      const { id } = payload as Order
      await once(
        holdfast.idempotency,
        'invoice',
        id,
        async ({ attempt, signal }) => await work(`invoice ${id}, attempt ${attempt}`, signal),
        (runAt) => helpers.addJob('invoice', payload, { runAt }),
      )
      console.log('ended', id)
    },
  },
})

for (const id of process.argv.slice(2)) await runner.addJob('invoice', { id } satisfies Order)

process.once('SIGTERM', async () => {
  await runner.stop()
  await close()
})
// #endregion
