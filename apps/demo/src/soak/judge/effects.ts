import { type Invariant, broken, count } from './invariant.ts'

/** The customer is charged once for each review, however often it was started, taken over or run again. */
export const chargedOnce: Invariant = (database) => ({
  invariant: 'each customer was charged exactly once',
  of: `${count(database, 'charges')} charges`,
  broken: broken<{ id: string; charges: number }>(
    database,
    `SELECT reviews.id, count(charges.review_id) AS charges FROM reviews
     LEFT JOIN charges ON charges.review_id = reviews.id
     GROUP BY reviews.id
     HAVING charges > 1 OR (charges = 0 AND EXISTS (
       SELECT 1 FROM soak_orders WHERE review_id = reviews.id AND job_type = 'ai-review' AND answered_at IS NOT NULL))
     ORDER BY reviews.rowid`,
    ({ id, charges }) => `${id} was charged ${charges} times`,
  ),
})

/** What an execution replaces is there once: the comment of each kind, and the notification. */
export const savedOnce: Invariant = (database) => ({
  invariant: 'each comment and notification is there exactly once',
  of: `${count(database, 'comments')} comments, ${count(database, 'notifications')} notifications`,
  broken: broken<{ id: string; kind: string; what: string; n: number }>(
    database,
    `WITH expected (job_type, what, kind) AS (VALUES
       ('ai-review', 'comment', 'ai-review'), ('ai-review', 'notification', 'author'), ('ai-review', 'notification', 'project'),
       ('risk-assessment', 'comment', 'risk'), ('pull-request-summary', 'comment', 'summary'),
       ('comprehensive-analysis', 'comment', 'comprehensive'), ('comprehensive-analysis', 'comment', 'risk'),
       ('comprehensive-analysis', 'comment', 'summary')),
     counted AS (
       SELECT DISTINCT soak_orders.review_id AS id, what, kind,
         CASE what
           WHEN 'comment' THEN (SELECT count(*) FROM comments AS c
             WHERE c.review_id = soak_orders.review_id AND c.kind = expected.kind)
           ELSE (SELECT count(*) FROM notifications AS c JOIN review_moves USING (review_id, version)
             WHERE c.review_id = soak_orders.review_id AND recipient = expected.kind AND became = 'HumanReview')
         END AS n
       FROM soak_orders JOIN expected USING (job_type) WHERE answered_at IS NOT NULL)
     SELECT * FROM counted WHERE n <> 1`,
    ({ id, what, kind, n }) => `the ${what} ${kind} of ${id} is there ${n} times`,
  ),
})
