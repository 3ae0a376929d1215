// #region pay
import { isFirst } from '@holdfast/examples/effects'
import { transaction } from '@holdfast/examples/postgres-transaction'
import pg from 'pg'
import { close, holdfast } from '../holdfast.ts'
import { work } from '../work.ts'

const pool = new pg.Pool({ connectionString: process.env['POSTGRES_URL'] })
pool.on('error', (error) => console.error('PostgreSQL:', error.message))

interface Order {
  readonly id: string
  readonly account: string
  readonly cents: number
}

const payment = holdfast.idempotency.define<Order, { readonly number: string; readonly cents: number }>(
  'payment',
  {
    key: ({ id }) => id,
    // The same order with another amount is a mistake, and is refused.
    fingerprint: ({ account, cents }) => [account, cents],
    onInProgress: 'wait',
    completedWindowMs: 24 * 3_600_000,
  },
)

async function pay(order: Order) {
  return await payment.run(order, async (execution, { id, account, cents }) => {
    await transaction(pool, async (execute) => {
      if (!(await isFirst(execute, execution, 'payment'))) return
      const taken = await execute(
        'update accounts set cents = cents - $1 where account = $2 and cents >= $1',
        [cents, account],
      )
      if (taken === 0) throw new Error(`There is not enough on the account ${account}.`)
      await execute('insert into payments (order_id, account, cents) values ($1, $2, $3)', [
        id,
        account,
        cents,
      ])
    })
    // A crash here is the one that matters: the money is taken, and Redis does not know it.
    await work(`committed ${id}, attempt ${execution.attempt}`, execution.signal)
    // What the first attempt that committed has made, which need not be this one.
    const { rows } = await pool.query<{ number: string; cents: number }>(
      'select number, cents from payments where order_id = $1',
      [id],
    )
    const [made] = rows
    if (made === undefined) throw new Error(`The payment of ${id} is gone.`)
    return made
  })
}
// #endregion

const [, , id = '', account = '', cents = ''] = process.argv
try {
  const { status, result } = await pay({ id, account, cents: Number(cents) })
  console.log(status, result.number, result.cents)
} catch (error) {
  console.log('failed:', (error as Error).message)
  process.exitCode = 1
} finally {
  await pool.end()
  await close()
}
