import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { type Execute, JOB_EFFECTS, isFirst } from './effects.ts'

const database = new DatabaseSync(':memory:')
database.exec(JOB_EFFECTS)
database.exec('create table payments (order_id text, cents integer)')
const { idempotency } = createHoldfast({ storage: memoryStorage() })

// #region transaction
/** SQLite writes its parameters ?1, ?2, … */
const execute: Execute = (sql, params) =>
  Number(database.prepare(sql.replaceAll('$', '?')).run(...params).changes)

async function transaction<T>(work: (execute: Execute) => Promise<T>): Promise<T> {
  database.exec('begin immediate')
  try {
    const result = await work(execute)
    database.exec('commit')
    return result
  } catch (error) {
    database.exec('rollback')
    throw error
  }
}
// #endregion

const order = { id: 'order-42', cents: 990 }
let crashes = 1

// #region job
const pay = (): Promise<{ readonly result: string }> =>
  idempotency.run('payment', order.id, async (execution) => {
    await transaction(async (execute) => {
      if (!(await isFirst(execute, execution, 'payment'))) return
      await execute('insert into payments values ($1, $2)', [order.id, order.cents])
    })
    // A crash here is the one that matters: the payment is committed, and nobody knows that the job is done.
    if (crashes-- > 0) throw new Error('crash')
    return `paid in attempt ${execution.attempt}`
  })
// #endregion

await pay().catch((error: Error) => console.log(error.message)) // crash
console.log((await pay()).result) // paid in attempt 2
const { count } = database.prepare('select count(*) as count from payments').get() as { count: number }
assert.equal(count, 1)
