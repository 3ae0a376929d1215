import type { DatabaseSync } from 'node:sqlite'
import type { JobType } from '../jobs/job.ts'
import { hostNow } from '../clock.ts'
import type { Finding } from '../review/reviewer.ts'
import { transaction } from './database.ts'

/** Who writes an effect: the review and kind name it, the fencing token orders its writers. */
export interface EffectOwner {
  readonly jobType: JobType
  readonly reviewId: string
  readonly kind: string
  readonly instance: string
  /** Undefined without Holdfast: the database cannot tell an older writer from a newer one, and takes every write. */
  readonly fencingToken: number | undefined
}

/** What the database took, or refused, and from whom. */
export interface Written {
  readonly instance: string
}

/**
 * What jobs leave behind. Each effect is written in one transaction with the fencing token of its execution, so that
 * it is there once however often it is written: a takeover replaces what the crashed attempt wrote, and an attempt
 * that was only thought dead is refused.
 */
export interface Effects {
  saveFindings(owner: EffectOwner, findings: readonly Finding[]): void
  saveComments(owner: EffectOwner, bodies: readonly string[]): void
  notify(owner: EffectOwner, message: string): void
  /** Shows the fencing token of a new attempt before it has anything to charge: from now on older attempts are refused. */
  claimCharge(owner: EffectOwner): void
  /**
   * Charges the customer, once for a review: its id is the key, looked up in the transaction that charges (see
   * `docs/features/effects.md`). So an attempt that dies between its charge and its checkpoint leaves nothing to be charged again.
   * A job that ran twice is seen in the rows of the witness, which have no key. The control run has neither fence nor key.
   */
  charge(owner: EffectOwner, cents: number): void
  charges(reviewId: string): readonly (Written & { readonly cents: number })[]
  refusedWrites(reviewId: string): readonly (Written & { readonly effect: string })[]
  count(table: 'findings' | 'comments' | 'notifications', reviewId: string): number
  notifications(reviewId: string): readonly { readonly kind: string; readonly message: string }[]
  comments(reviewId: string, kind: string): readonly string[]
}

/** A newer execution has written this effect already. */
class StaleWriterError extends Error {
  readonly code = 'STALE_WRITER'
}

export interface EffectsOptions {
  /**
   * False: a charge does not look for the review's earlier one in its transaction; that is the control of the soak, in which the
   * fences alone do not keep a customer from being charged twice. Default: true.
   */
  readonly withKeys?: boolean
  /** A charge was committed, and nobody knows yet. */
  readonly onCharged?: () => void
}

export function createEffects(
  database: DatabaseSync,
  { withKeys = true, onCharged }: EffectsOptions = {},
): Effects {
  const newest = database.prepare('SELECT fence FROM effects WHERE review_id = ? AND kind = ?')
  const claim = database.prepare(
    `INSERT INTO effects (review_id, kind, fence) VALUES (?, ?, ?)
     ON CONFLICT (review_id, kind) DO UPDATE SET fence = excluded.fence`,
  )
  const dropFindings = database.prepare('DELETE FROM findings WHERE review_id = ?')
  const insertFinding = database.prepare('INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const dropComments = database.prepare('DELETE FROM comments WHERE review_id = ? AND kind = ?')
  const insertComment = database.prepare('INSERT INTO comments VALUES (?, ?, ?)')
  const dropNotifications = database.prepare('DELETE FROM notifications WHERE review_id = ? AND kind = ?')
  const insertNotification = database.prepare('INSERT INTO notifications VALUES (?, ?, ?)')
  const selectNotifications = database.prepare('SELECT kind, message FROM notifications WHERE review_id = ?')
  const insertCharge = database.prepare('INSERT INTO charges VALUES (?, ?, ?)')
  const selectCharges = database.prepare('SELECT cents, instance FROM charges WHERE review_id = ?')
  const insertRefusal = database.prepare('INSERT INTO refused_writes VALUES (?, ?, ?, ?, ?, ?, ?)')
  const insertSaved = database.prepare('INSERT INTO saved_effects VALUES (?, ?, ?, ?, ?, ?)')
  const selectRefusals = database.prepare('SELECT effect, instance FROM refused_writes WHERE review_id = ?')
  const selectComments = database.prepare('SELECT body FROM comments WHERE review_id = ? AND kind = ?')

  /** @param write returns false when there was nothing to write any more */
  const fenced = (effect: string, owner: EffectOwner, write: (() => boolean | void) | undefined): void => {
    const { jobType, reviewId, fencingToken, instance } = owner
    const kind = `${effect}:${owner.kind}`
    const isTooLate = transaction(database, () => {
      if (fencingToken !== undefined) {
        const row = newest.get(reviewId, kind) as { fence: number } | undefined
        if (row !== undefined && row.fence > fencingToken) {
          insertRefusal.run(hostNow(), jobType, reviewId, effect, instance, fencingToken, row.fence)
          return true
        }
        claim.run(reviewId, kind, fencingToken)
      }
      if (write === undefined || write() === false) return false
      insertSaved.run(hostNow(), jobType, reviewId, effect, instance, fencingToken ?? 0)
      return false
    })
    if (isTooLate) throw new StaleWriterError(`A newer execution has written the ${effect} of ${reviewId}.`)
  }

  return {
    saveFindings: (owner, findings) =>
      fenced('findings', owner, () => {
        dropFindings.run(owner.reviewId)
        for (const { file, line = null, severity, category, rule, message, suggestion } of findings) {
          insertFinding.run(owner.reviewId, file, line, severity, category, rule, message, suggestion)
        }
      }),
    saveComments: (owner, bodies) =>
      fenced('comments', owner, () => {
        dropComments.run(owner.reviewId, owner.kind)
        for (const body of bodies) insertComment.run(owner.reviewId, owner.kind, body)
      }),
    notify: (owner, message) =>
      fenced('notifications', owner, () => {
        dropNotifications.run(owner.reviewId, owner.kind)
        insertNotification.run(owner.reviewId, owner.kind, message)
      }),
    claimCharge: (owner) => fenced('charge', owner, undefined),
    charge(owner, cents) {
      fenced('charge', owner, () => {
        const { reviewId, instance, fencingToken } = owner
        if (withKeys && fencingToken !== undefined && selectCharges.get(reviewId) !== undefined) return false
        insertCharge.run(reviewId, cents, instance)
        return true
      })
      onCharged?.()
    },
    charges: (reviewId) =>
      selectCharges.all(reviewId) as unknown as readonly { cents: number; instance: string }[],
    refusedWrites: (reviewId) =>
      selectRefusals.all(reviewId) as unknown as readonly { effect: string; instance: string }[],
    count(table, reviewId) {
      const row = database.prepare(`SELECT count(*) AS n FROM ${table} WHERE review_id = ?`).get(reviewId)
      return (row as { n: number }).n
    },
    notifications: (reviewId) =>
      selectNotifications.all(reviewId) as unknown as readonly { kind: string; message: string }[],
    comments: (reviewId, kind) =>
      (selectComments.all(reviewId, kind) as unknown as { body: string }[]).map((row) => row.body),
  }
}
