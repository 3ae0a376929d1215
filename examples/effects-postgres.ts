import assert from 'node:assert/strict'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import pg from 'pg'
import { JOB_EFFECTS, isFirst } from './effects.ts'
import { transaction } from './postgres-transaction.ts'

const url = process.env.POSTGRES_URL
if (url === undefined) {
  console.log('skipped: POSTGRES_URL names no server')
  process.exit()
}
// #region pool
const pool = new pg.Pool({ connectionString: url })
// The pool emits the errors of idle connections. Without a listener, they end the process.
pool.on('error', (error) => console.error('PostgreSQL:', error.message))
// #endregion
await pool.query(JOB_EFFECTS)
await pool.query('create table if not exists payments (order_id text, cents integer)')
const { idempotency } = createHoldfast({ storage: memoryStorage() })

const order = { id: `order-${process.pid}`, cents: 990 }
for (const lastWords of ['crash', undefined]) {
  const paying = idempotency.run('payment', order.id, async (execution) => {
    await transaction(pool, async (execute) => {
      if (!(await isFirst(execute, execution, 'payment'))) return
      await execute('insert into payments values ($1, $2)', [order.id, order.cents])
    })
    if (lastWords !== undefined) throw new Error(lastWords)
  })
  await paying.catch((error: Error) => console.log(error.message))
}
const { rowCount } = await pool.query('select * from payments where order_id = $1', [order.id])
assert.equal(rowCount, 1)
await pool.end()
