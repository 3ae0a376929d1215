import type { DatabaseSync } from 'node:sqlite'
import { hostNow } from '../clock.ts'
import type { ModelCallState, ModelCallView, ModelSpending } from '../events/model-news.ts'
import { transaction } from './database.ts'

/** One question to a model, for a review. */
export interface ModelCallStart {
  readonly reviewId: string
  readonly instance: string
  readonly model: string
  /** Of what is asked: equal questions have equal keys. */
  readonly contentKey: string
  /** Of the execution that asks: an earlier one with the same key asks no more. */
  readonly fence: number
  /** As far as one can say before. */
  readonly inputTokens: number
  readonly cost: number
}

export interface ModelCallEnd {
  readonly state: Exclude<ModelCallState, 'begun'>
  readonly inputTokens: number
  readonly outputTokens: number
  /** In millionths of a dollar. */
  readonly cost: number
  readonly isEstimate: boolean
  readonly note: string
}

/**
 * The book of what a model costs: a call is written down before it is sent, so that a crash in the middle cannot hide it. A call
 * that was begun and never answered counts as paid for.
 */
export interface ModelCalls {
  /** Earlier ones of the same question, whose instances have gone, are lost from now on. @returns what `end` names it by */
  begin(call: ModelCallStart): number
  /** One that counts as lost stays lost: no job has used its answer. */
  end(id: number, end: ModelCallEnd): void
  /** The instance begins anew: what an earlier one of its name had begun has no one to hear the answer. */
  abandon(instance: string): void
  calls(reviewId: string): readonly ModelCallView[]
  /** Of a review, or of all. Null: nothing was asked. */
  spent(reviewId?: string): ModelSpending | null
}

const GONE = 'The instance that asked is gone.'

interface Sums {
  readonly answered: number
  readonly begun: number
  readonly lost: number
  readonly refused: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cost: number
  readonly lostCost: number
  readonly begunInputTokens: number
  readonly begunCost: number
}

export function createModelCalls(database: DatabaseSync): ModelCalls {
  const insert = database.prepare(
    `INSERT INTO model_calls (begun_at, review_id, instance, model, content_key, fence, state, input_tokens, output_tokens,
                              cost, is_estimate, note)
     VALUES (?, ?, ?, ?, ?, ?, 'begun', ?, 0, ?, 1, '')`,
  )
  const leaveBehind = database.prepare(
    `UPDATE model_calls SET state = 'lost', note = ? WHERE state = 'begun' AND content_key = ? AND fence < ?`,
  )
  const abandon = database.prepare(
    `UPDATE model_calls SET state = 'lost', note = ? WHERE state = 'begun' AND instance = ?`,
  )
  const update = database.prepare(
    `UPDATE model_calls SET state = ?, input_tokens = ?, output_tokens = ?, cost = ?, is_estimate = ?, note = ?
     WHERE id = ? AND state = 'begun'`,
  )
  const select = database.prepare(
    `SELECT instance, model, state, input_tokens AS inputTokens, output_tokens AS outputTokens, cost,
            is_estimate AS isEstimate, note FROM model_calls WHERE review_id = ? ORDER BY id`,
  )
  const sums = (where: string) =>
    database.prepare(
      `SELECT count(*) FILTER (WHERE state = 'answered') AS answered, count(*) FILTER (WHERE state = 'begun') AS begun,
              count(*) FILTER (WHERE state = 'lost') AS lost, count(*) FILTER (WHERE state = 'refused') AS refused,
              coalesce(sum(input_tokens), 0) AS inputTokens, coalesce(sum(output_tokens), 0) AS outputTokens,
              coalesce(sum(cost), 0) AS cost, coalesce(sum(cost) FILTER (WHERE state = 'lost'), 0) AS lostCost,
              coalesce(sum(input_tokens) FILTER (WHERE state = 'begun'), 0) AS begunInputTokens,
              coalesce(sum(cost) FILTER (WHERE state = 'begun'), 0) AS begunCost
       FROM model_calls ${where}`,
    )
  const sumOfReview = sums('WHERE review_id = ?')
  const sumOfAll = sums('')
  return {
    begin: ({ reviewId, instance, model, contentKey, fence, inputTokens, cost }) =>
      transaction(database, () => {
        leaveBehind.run(GONE, contentKey, fence)
        const { lastInsertRowid } = insert.run(
          hostNow(),
          reviewId,
          instance,
          model,
          contentKey,
          fence,
          inputTokens,
          cost,
        )
        return Number(lastInsertRowid)
      }),
    end(id, { state, inputTokens, outputTokens, cost, isEstimate, note }) {
      update.run(state, inputTokens, outputTokens, cost, isEstimate ? 1 : 0, note, id)
    },
    abandon: (instance) => void abandon.run(GONE, instance),
    calls: (reviewId) =>
      (
        select.all(reviewId) as unknown as readonly (Omit<ModelCallView, 'isEstimate'> & {
          isEstimate: number
        })[]
      ).map((row) => ({
        ...row,
        isEstimate: Boolean(row.isEstimate),
      })),
    spent(reviewId) {
      const row = reviewId === undefined ? sumOfAll.get() : sumOfReview.get(reviewId)
      const { answered, begun, lost, refused, begunInputTokens, begunCost, ...amounts } =
        row as unknown as Sums
      if (answered + begun + lost + refused === 0) return null
      return {
        calls: { answered, begun, lost, refused },
        ...amounts,
        begun: { inputTokens: begunInputTokens, cost: begunCost },
      }
    },
  }
}
