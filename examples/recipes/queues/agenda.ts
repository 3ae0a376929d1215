// #region worker
import { PostgresBackend } from '@agendajs/postgres-backend'
import { Agenda, type Job } from 'agenda'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'
import { once } from './once.ts'

const url = process.env['POSTGRES_URL'] ?? 'postgres://localhost/shop'

interface Order {
  readonly id: string
}

const agenda = new Agenda({ backend: new PostgresBackend({ connectionString: url }), processEvery: 1_000 })
agenda.on('error', (error: Error) => console.error('Agenda:', error.message))

agenda.define('invoice', async ({ attrs: { data } }: Job<Order>) => {
  await once(
    holdfast.idempotency,
    'invoice',
    data.id,
    async ({ attempt, signal }) => await work(`invoice ${data.id}, attempt ${attempt}`, signal),
    (at) => agenda.schedule(at, 'invoice', data),
  )
  console.log('ended', data.id)
})
await agenda.start()

for (const id of process.argv.slice(2)) await agenda.now<Order>('invoice', { id })

process.once('SIGTERM', async () => {
  await agenda.drain(10_000) // waits for the jobs that it has begun, and closes its connections
  await close()
  process.exit() // Agenda leaves timers behind, which last as long as `lockLifetime`
})
// #endregion
