import type { DatabaseSync } from 'node:sqlite'
import { hostNow } from '../clock.ts'
import { transaction } from './database.ts'
import type { EffectOwner, Fenced } from './fenced.ts'
import { type Told, createNotices } from './notices.ts'
import {
  type Act,
  type Actor,
  type PersonAct,
  type ReviewState,
  TRANSITIONS,
  isAllowed,
  standingOf,
} from './review-states.ts'

/** A change of state, as it was written. */
export interface Move {
  readonly at: number
  readonly version: number
  readonly from: ReviewState
  readonly to: ReviewState
  readonly actor: Actor
  /** The instance, or `a visitor`. */
  readonly who: string
  readonly reason: string | null
}

export interface Decision {
  readonly reviewId: string
  readonly act: PersonAct
  /** The version of the review that the person saw. */
  readonly seen: number
  readonly reason?: string | undefined
}

export type Decided =
  | { readonly ok: true; readonly state: ReviewState }
  /** `changed`: another person was faster. `state` is what is there now. */
  | { readonly ok: false; readonly why: 'unknown' }
  | { readonly ok: false; readonly why: 'changed' | 'notAllowed'; readonly state: ReviewState }

/**
 * Changes the state of reviews. Each change is one transaction with its guard, its row in the history, and what the author and
 * the project are told of it.
 */
export interface ReviewLife {
  /** False: a newer execution has the review, or there is nothing to review any more. */
  take(owner: EffectOwner): boolean
  /** A person decides now. Nothing is written when a predecessor has finished it. @throws StaleWriterError in other hands */
  finish(owner: EffectOwner, summary: string): void
  /** Nothing happens when a newer execution has the review. */
  fail(owner: EffectOwner, reason: string): void
  /** Before a job: what is to be reviewed is not there. */
  refuse(reviewId: string, reason: string): void
  /** Of two persons who saw the same version, one decides. */
  decide(decision: Decision): Decided
  /** Oldest first. */
  moves(reviewId: string): readonly Move[]
  notices(reviewId: string): readonly Told[]
}

interface Row {
  readonly id: string
  readonly title: string
  readonly author: string
  readonly repository: string
  readonly state: ReviewState
  readonly version: number
  readonly has_failed: number
  readonly fence: number
}

interface Change {
  readonly act: Act
  readonly who: string
  readonly reason?: string | undefined
  /** Of a job. */
  readonly fence?: number | undefined
}

export function createReviewLife(database: DatabaseSync, fenced: Fenced): ReviewLife {
  const select = database.prepare('SELECT * FROM reviews WHERE id = ?')
  const update = database.prepare(
    `UPDATE reviews SET state = :state, version = :version, has_failed = :hasFailed, reason = :reason,
            fence = max(fence, :fence) WHERE id = :id`,
  )
  const insertMove = database.prepare('INSERT INTO review_moves VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const selectMoves = database.prepare(
    `SELECT at, version, was AS "from", became AS "to", actor, who, reason FROM review_moves
     WHERE review_id = ? ORDER BY rowid`,
  )
  const notices = createNotices(database)
  const find = (id: string): Row | undefined => select.get(id) as unknown as Row | undefined
  const mayNot = (act: Act, { state, has_failed: failed }: Row): boolean =>
    !isAllowed(act, standingOf({ state, hasFailed: failed === 1 }))

  /** Within a transaction. */
  const move = (row: Row, { act, who, reason, fence = 0 }: Change): void => {
    const { by, to } = TRANSITIONS[act]
    const { id, state, title, author, repository } = row
    const version = row.version + 1
    const hasFailed = act === 'fail' || act === 'refuse' ? 1 : 0
    update.run({ id, state: to, version, hasFailed, reason: reason ?? null, fence })
    insertMove.run(hostNow(), id, version, state, to, by, who, reason ?? null)
    notices.tell(act, { id, version, title, author, repository, who, reason })
  }

  return {
    take: ({ reviewId, instance, fencingToken }) =>
      transaction(database, () => {
        const row = find(reviewId)
        if (row === undefined) return false
        if (fencingToken !== undefined && (mayNot('take', row) || row.fence > fencingToken)) return false
        move(row, { act: 'take', who: instance, fence: fencingToken })
        return true
      }),
    finish(owner, summary) {
      const { reviewId, instance, fencingToken } = owner
      fenced({
        effect: 'notifications',
        owner,
        alsoNewest: () => find(reviewId)?.fence ?? 0,
        write() {
          const row = find(reviewId)
          if (row === undefined || (fencingToken !== undefined && mayNot('finish', row))) return false
          move(row, { act: 'finish', who: instance, reason: summary, fence: fencingToken })
          return true
        },
      })
    },
    fail: ({ reviewId, instance, fencingToken }, reason) =>
      transaction(database, () => {
        const row = find(reviewId)
        if (row === undefined) return
        if (fencingToken !== undefined && (mayNot('fail', row) || row.fence > fencingToken)) return
        move(row, { act: 'fail', who: instance, reason, fence: fencingToken })
      }),
    refuse: (reviewId, reason) =>
      transaction(database, () => {
        const row = find(reviewId)
        if (row !== undefined && !mayNot('refuse', row))
          move(row, { act: 'refuse', who: 'the server', reason })
      }),
    decide: ({ reviewId, act, seen, reason }) =>
      transaction(database, (): Decided => {
        const row = find(reviewId)
        if (row === undefined) return { ok: false, why: 'unknown' }
        if (row.version !== seen) return { ok: false, why: 'changed', state: row.state }
        if (mayNot(act, row)) return { ok: false, why: 'notAllowed', state: row.state }
        move(row, { act, who: 'a visitor', reason })
        return { ok: true, state: TRANSITIONS[act].to }
      }),
    moves: (reviewId) => selectMoves.all(reviewId) as unknown as readonly Move[],
    notices: (reviewId) => notices.of(reviewId),
  }
}
