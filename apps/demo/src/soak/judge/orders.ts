import { type Invariant, broken, count } from './invariant.ts'

/** Each customer has the result, and the review says so. */
export const nothingLost: Invariant = (database) => {
  const orders = count(database, 'soak_orders WHERE answered_at IS NOT NULL')
  return {
    invariant: 'no review was lost',
    of: `${orders} results of ${count(database, 'soak_orders')} orders`,
    broken: [
      // A run in which nothing came to its end proves nothing.
      ...(orders === 0 ? ['there is not one result'] : []),
      ...broken<{ id: string; type: string; answer: string }>(
        database,
        `SELECT review_id AS id, job_type AS type, answer FROM soak_orders WHERE answered_at IS NULL`,
        ({ id, type, answer }) => `${type} of ${id} has no result: ${answer}`,
      ),
      ...broken<{ id: string; state: string }>(
        database,
        `SELECT DISTINCT id, state FROM reviews JOIN soak_orders ON review_id = id
         WHERE job_type = 'ai-review' AND answered_at IS NOT NULL AND state <> 'HumanReview'`,
        ({ id, state }) => `${id} is ${state}, though its customer has the result`,
      ),
    ],
  }
}

/** When all is over, the storage holds no execution that never ends. */
export const nothingStuck: Invariant = (database) => ({
  invariant: 'no execution is stuck',
  of: `${count(database, 'soak_records')} records`,
  broken: [
    ...broken<{ id: string; type: string; status: string }>(
      database,
      `SELECT review_id AS id, job_type AS type, status FROM soak_records
       WHERE status NOT IN ('completed', 'failed', 'none')`,
      ({ id, type, status }) => `${type} of ${id} is ${status}`,
    ),
    ...broken<{ id: string; type: string }>(
      database,
      `SELECT review_id AS id, job_type AS type FROM soak_orders
       WHERE NOT EXISTS (SELECT 1 FROM soak_records AS r
         WHERE r.review_id = soak_orders.review_id AND r.job_type = soak_orders.job_type)`,
      ({ id, type }) => `it is not known what the storage holds of ${type} of ${id}`,
    ),
  ],
})
