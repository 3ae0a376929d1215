import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { type Execute, JOB_EFFECTS, isFirst } from './effects.ts'

const database = new DatabaseSync(':memory:')
database.exec(JOB_EFFECTS)
database.exec('create table payments (order_id text, cents integer)')
const { idempotency } = createHoldfast({ storage: memoryStorage() })

// #region transaction
async function transaction<T>(work: (execute: Execute) => Promise<T>): Promise<T> {
  database.exec('begin immediate')
  try {
    const result = await work((sql, params) => {
      // After some errors (a full disk, ON CONFLICT ROLLBACK) SQLite ends the transaction, and would run what follows
      // without one.
      if (!database.isTransaction)
        throw new Error('SQLite rolled back: a statement of this transaction failed.')
      // SQLite writes its parameters ?1, ?2, …
      return Number(database.prepare(sql.replaceAll('$', '?')).run(...params).changes)
    })
    database.exec('commit')
    return result
  } finally {
    if (database.isTransaction) database.exec('rollback')
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
    // A crash here is the one that matters: the payment is committed, but the job is not recorded as done.
    if (crashes-- > 0) throw new Error('crash')
    return `paid in attempt ${execution.attempt}`
  })
// #endregion

await pay().catch((error: Error) => console.log(error.message)) // crash
console.log((await pay()).result) // paid in attempt 2
const { count } = database.prepare('select count(*) as count from payments').get() as { count: number }
assert.equal(count, 1)

// A body that swallows an error after which SQLite has no transaction any more leaves nothing behind.
const swallowing = transaction(async (execute) => {
  await execute('insert into payments values ($1, $2)', ['order-43', 990])
  const again = `insert or rollback into job_effects values ($1, $2, $3, $4)`
  assert.throws(() => execute(again, ['payment', order.id, 'payment', 1]), /UNIQUE/)
  await execute('insert into payments values ($1, $2)', ['order-44', 990])
})
await assert.rejects(swallowing, /rolled back/)
assert.equal(database.prepare('select * from payments').all().length, 1)
