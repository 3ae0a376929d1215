import type { DatabaseSync } from 'node:sqlite'
import { hostNow } from '../../clock.ts'
import type { JobType } from '../../jobs/job.ts'

/** A job of a review that a customer has asked for. */
export interface Order {
  readonly reviewId: string
  readonly jobType: JobType
}

/** What the program that leads the soak writes for the judge. */
export interface SoakRows {
  ordered(order: Order): void
  /** The customer has the result. */
  fulfilled(order: Order, answer: string): void
  /** The last answer to a customer who asks on. */
  answered(order: Order, answer: string): void
  started(order: Order, instance: string, answer: string): void
  fault(kind: string, instance: string, beganAt: number): void
  closed(instance: string, tookMs: number, limitMs: number): void
  crashed(instance: string, reason: string): void
  record(order: Order, status: string): void
  orders(): readonly Order[]
}

export function createSoakRows(database: DatabaseSync): SoakRows {
  const insertOrder = database.prepare(
    'INSERT INTO soak_orders (review_id, job_type, asked_at) VALUES (?, ?, ?)',
  )
  const fulfil = database.prepare(
    'UPDATE soak_orders SET answered_at = ?, answer = ? WHERE review_id = ? AND job_type = ?',
  )
  const answer = database.prepare('UPDATE soak_orders SET answer = ? WHERE review_id = ? AND job_type = ?')
  const insertStart = database.prepare('INSERT INTO soak_starts VALUES (?, ?, ?, ?, ?)')
  const insertFault = database.prepare('INSERT INTO soak_faults VALUES (?, ?, ?, ?)')
  const insertClosing = database.prepare('INSERT INTO soak_closings VALUES (?, ?, ?)')
  const insertCrash = database.prepare('INSERT INTO soak_crashes VALUES (?, ?, ?)')
  const insertRecord = database.prepare('INSERT INTO soak_records VALUES (?, ?, ?)')
  const selectOrders = database.prepare(
    'SELECT review_id AS reviewId, job_type AS jobType FROM soak_orders ORDER BY rowid',
  )
  return {
    ordered: ({ reviewId, jobType }) => void insertOrder.run(reviewId, jobType, hostNow()),
    fulfilled: ({ reviewId, jobType }, text) => void fulfil.run(hostNow(), text, reviewId, jobType),
    answered: ({ reviewId, jobType }, text) => void answer.run(text, reviewId, jobType),
    started: ({ reviewId, jobType }, instance, text) =>
      void insertStart.run(hostNow(), reviewId, jobType, instance, text),
    fault: (kind, instance, beganAt) => void insertFault.run(kind, instance, beganAt, hostNow()),
    closed: (instance, tookMs, limitMs) => void insertClosing.run(instance, tookMs, limitMs),
    crashed: (instance, reason) => void insertCrash.run(hostNow(), instance, reason),
    record: ({ reviewId, jobType }, status) => void insertRecord.run(reviewId, jobType, status),
    orders: () => selectOrders.all() as unknown as readonly Order[],
  }
}
