import type { Idempotency } from '@holdfast/core'
import { type Job, type Processor, Worker } from 'bullmq'
import { withIdempotency } from '../src/index.ts'

declare const idempotency: Idempotency

interface Order {
  readonly orderId: string
}

interface Invoice {
  readonly number: string
}

const draw = withIdempotency(
  async ({ data }: Job<Order>, token, signal, { attempt }): Promise<Invoice> => {
    signal.throwIfAborted()
    return { number: `${data.orderId} ${token} ${attempt}` }
  },
  { idempotency, key: ({ data }) => data.orderId },
)

// It is a processor of its queue, and no other.
export const worker: Worker<Order, Invoice> = new Worker<Order, Invoice>('invoices', draw, { connection: {} })
export const processor: Processor<Order, Invoice> = draw
// @ts-expect-error: its result is an invoice
export const other: Processor<Order, number> = draw

// An existing processor is taken as it is.
const existing: Processor<Order, Invoice> = async () => ({ number: '1' })
export const wrapped: Processor<Order, Invoice> = withIdempotency(existing, { idempotency })

// @ts-expect-error: orders have no `invoiceId`
withIdempotency(async (_job: Job<Order>) => 1, { idempotency, key: ({ data }) => data.invoiceId })
// @ts-expect-error: what the wrapper decides
withIdempotency(async (_job: Job<Order>) => 1, { idempotency, onCompleted: 'rerun' })
