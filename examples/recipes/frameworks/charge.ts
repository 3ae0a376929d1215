import { randomUUID } from 'node:crypto'
import { work } from '../work.ts'

/** Stands for a payment service: each call is another charge. */
export async function charge(amount: number): Promise<{ id: string; amount: number }> {
  await work(`charged ${amount}`)
  return { id: `ch_${randomUUID()}`, amount }
}
