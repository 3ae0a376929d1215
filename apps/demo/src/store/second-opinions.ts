import type { DatabaseSync } from 'node:sqlite'
import type { LeftOutView, SecondOpinion } from '../events/model-news.ts'

/** What came of asking a model about a review. */
export interface SecondOpinions {
  /** Every job of a review says the same of it; an older execution of one does not speak after a newer one. */
  save(reviewId: string, fence: number, opinion: SecondOpinion): void
  find(reviewId: string): SecondOpinion | undefined
}

export function createSecondOpinions(database: DatabaseSync): SecondOpinions {
  const upsert = database.prepare(
    `INSERT INTO second_opinions VALUES (:reviewId, :fence, :model, :problem, :findings, :dropped, :leftOut)
     ON CONFLICT (review_id) DO UPDATE SET fence = excluded.fence, model = excluded.model, problem = excluded.problem,
       findings = excluded.findings, dropped = excluded.dropped, left_out = excluded.left_out
     WHERE second_opinions.fence <= excluded.fence`,
  )
  const select = database.prepare(
    `SELECT model, problem, findings, dropped, left_out AS leftOut FROM second_opinions WHERE review_id = ?`,
  )
  return {
    save(reviewId, fence, { leftOut, ...same }) {
      upsert.run({ reviewId, fence, ...same, leftOut: JSON.stringify(leftOut) })
    },
    find(reviewId) {
      const row = select.get(reviewId) as unknown as (SecondOpinion & { leftOut: string }) | undefined
      return (
        row && { ...row, leftOut: JSON.parse(row.leftOut as unknown as string) as readonly LeftOutView[] }
      )
    },
  }
}
