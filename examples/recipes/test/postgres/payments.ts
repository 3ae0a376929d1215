import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { JOB_EFFECTS } from '@holdfast/examples/effects'
import { expect } from 'vitest'
import { Programs } from '../program.ts'
import { type Cases, query } from './database.ts'

const read = (file: string): string => readFileSync(resolve(import.meta.dirname, '../../../..', file), 'utf8')
const TABLES = read('examples/recipes/payments/tables.sql')
const PAY = 'payments/in-one-transaction.ts'
const CHARGE = 'payments/at-a-provider.ts'

export const PAYMENT_CASES: Cases = {
  'takes the money once when the process dies after COMMIT, and replays the payment': async (url) => {
    await query(url, `${JOB_EFFECTS}; ${TABLES}; insert into accounts values ('a', 1000)`)
    await using programs = new Programs('payments', { POSTGRES_URL: url, WORK_MS: '1' })
    const killed = programs.start(`${PAY} order-1 a 990`, { WORK_MS: '600000', LEASE_MS: '3000' })
    await killed.until(/^committed order-1, attempt 1$/)
    killed.kill('SIGKILL')
    const next = programs.start(`${PAY} order-1 a 990`)
    const [paid] = await next.until(/^executed (\S+) 990$/)
    expect(next.lines).toContain('committed order-1, attempt 2')

    const others = [
      programs.start(`${PAY} order-1 a 990`),
      // The same order with another amount, and an account without enough on it.
      programs.start(`${PAY} order-1 a 10`),
      programs.start(`${PAY} order-2 a 990`),
    ] as const
    const [again, changed, poor] = others
    expect(await Promise.all(others.map(({ ended }) => ended))).toEqual([0, 1, 1])
    expect(again.lines).toEqual([`replayed ${paid?.[1]} 990`])
    expect(changed.lines[0]).toMatch(/^failed: .*fingerprint|other input|another/i)
    expect(poor.lines).toEqual(['failed: There is not enough on the account a.'])
    expect(await query(url, 'select order_id, cents from payments')).toEqual([
      { order_id: 'order-1', cents: 990 },
    ])
    expect(await programs.commandsOf('payments')).toEqual([0, 0])
    expect(await query(url, 'select cents from accounts')).toEqual([{ cents: 10 }])
  },

  'has the tables that the page shows': async () => {
    expect(read('docs/recipes/payments.md')).toContain(TABLES)
  },

  'charges the card once when the process dies after the charge': async () => {
    await using programs = new Programs('charges', { WORK_MS: '1' })
    const provider = programs.start('payments/fake-stripe.ts')
    const [listening] = await provider.until(/port: (\d+)/)
    const at = { STRIPE_API: `http://127.0.0.1:${listening?.[1]}` }
    const killed = programs.start(`${CHARGE} order-1 990`, { ...at, WORK_MS: '600000', LEASE_MS: '3000' })
    await killed.until(/^charged pi_1, attempt 1$/)
    killed.kill('SIGKILL')
    const next = programs.start(`${CHARGE} order-1 990`, at)
    const declined = programs.start(`${CHARGE} order-2 402`, at)
    expect([await next.ended, await declined.ended]).toEqual([0, 1])
    expect(next.lines).toEqual(['charged pi_1, attempt 2', 'executed pi_1 succeeded'])
    expect(declined.lines).toEqual(['failed: Your card was declined.'])
    expect(provider.matches(/^charge \d/)).toHaveLength(1)
  },
}
