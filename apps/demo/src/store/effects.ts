import type { DatabaseSync } from 'node:sqlite'
import type { Finding } from '../review/reviewer.ts'
import type { EffectOwner, Fenced } from './fenced.ts'

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
  comments(reviewId: string, kind: string): readonly string[]
}

export interface EffectsOptions {
  /**
   * False: a charge does not look for the review's earlier one in its transaction; that is the control of the soak, in which the
   * fences alone do not keep a customer from being charged twice. Default: true.
   */
  readonly withKeys?: boolean
  /** A charge was committed, and its job has not gone on yet. */
  readonly onCharged?: () => void
}

export function createEffects(
  database: DatabaseSync,
  fenced: Fenced,
  { withKeys = true, onCharged }: EffectsOptions = {},
): Effects {
  const dropFindings = database.prepare('DELETE FROM findings WHERE review_id = ?')
  const insertFinding = database.prepare('INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
  const dropComments = database.prepare('DELETE FROM comments WHERE review_id = ? AND kind = ?')
  const insertComment = database.prepare('INSERT INTO comments VALUES (?, ?, ?)')
  const insertCharge = database.prepare('INSERT INTO charges VALUES (?, ?, ?)')
  const selectCharges = database.prepare('SELECT cents, instance FROM charges WHERE review_id = ?')
  const selectRefusals = database.prepare('SELECT effect, instance FROM refused_writes WHERE review_id = ?')
  const selectComments = database.prepare('SELECT body FROM comments WHERE review_id = ? AND kind = ?')

  return {
    saveFindings: (owner, findings) =>
      fenced({
        effect: 'findings',
        owner,
        write() {
          dropFindings.run(owner.reviewId)
          for (const { file, line = null, severity, category, rule, message, suggestion } of findings) {
            insertFinding.run(owner.reviewId, file, line, severity, category, rule, message, suggestion)
          }
        },
      }),
    saveComments: (owner, bodies) =>
      fenced({
        effect: 'comments',
        owner,
        write() {
          dropComments.run(owner.reviewId, owner.kind)
          for (const body of bodies) insertComment.run(owner.reviewId, owner.kind, body)
        },
      }),
    claimCharge: (owner) => fenced({ effect: 'charge', owner }),
    charge(owner, cents) {
      fenced({
        effect: 'charge',
        owner,
        write() {
          const { reviewId, instance, fencingToken } = owner
          if (withKeys && fencingToken !== undefined && selectCharges.get(reviewId) !== undefined)
            return false
          insertCharge.run(reviewId, cents, instance)
          return true
        },
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
    comments: (reviewId, kind) =>
      (selectComments.all(reviewId, kind) as unknown as { body: string }[]).map((row) => row.body),
  }
}
