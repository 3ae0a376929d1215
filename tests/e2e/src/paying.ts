/**
 * `paying.ts <order> <moment>`: one process that pays an order in PostgreSQL, with its job in Redis. At the moment
 * (`before` or `after` COMMIT) it says so to its parent, and waits for the command to continue.
 */
import { once } from 'node:events'
import { createHoldfast } from '@holdfast/core'
import { isFirst } from '@holdfast/examples/effects'
import { transaction } from '@holdfast/examples/postgres-transaction'
import pg from 'pg'
import { connect } from './connect.ts'

const [, , order = '', moment = ''] = process.argv
const pool = new pg.Pool({ connectionString: process.env['POSTGRES_URL'], application_name: order })
pool.on('error', () => {})
await using connected = await connect('ioredis', process.env['REDIS_URL'] ?? '')
await using holdfast = createHoldfast({ storage: connected.storage })

async function at(name: string): Promise<void> {
  if (name !== moment) return
  process.send?.(name)
  await once(process, 'message')
}

const options = { leaseMs: 3_000, onInProgress: 'wait', waitMs: 120_000 } as const
const paying = holdfast.idempotency.run('payment', order, options, async (execution) => {
  await transaction(pool, async (execute) => {
    if (!(await isFirst(execute, execution, 'payment'))) return
    await execute('insert into paid values ($1)', [order])
    await at('before')
  })
  await at('after')
})
console.log(await paying.then(({ status }) => status).catch(() => 'rejected'))
await pool.end()
process.disconnect?.()
