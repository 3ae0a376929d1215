// #region worker
import { PgBoss } from 'pg-boss'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'
import { once } from './once.ts'

const url = process.env['POSTGRES_URL'] ?? 'postgres://localhost/shop'

interface Order {
  readonly id: string
}

const boss = new PgBoss(url)
boss.on('error', (error) => console.error('pg-boss:', error.message))
await boss.start()
await boss.createQueue('invoice', { retryLimit: 3, retryBackoff: true, expireInSeconds: 900 })

await boss.work<Order>('invoice', async (jobs) => {
  for (const { data } of jobs) {
    const later = (startAfter: Date) => boss.send('invoice', data, { startAfter })
    await once(
      holdfast.idempotency,
      'invoice',
      data.id,
      async ({ attempt, signal }) => await work(`invoice ${data.id}, attempt ${attempt}`, signal),
      later,
    )
    console.log('ended', data.id)
  }
})

for (const id of process.argv.slice(2)) await boss.send('invoice', { id } satisfies Order)

process.once('SIGTERM', async () => {
  await boss.stop({ graceful: true, timeout: 10_000 })
  await close()
})
// #endregion
