import type { DatabaseSync } from 'node:sqlite'
import { hostNow } from '../clock.ts'
import type { JobType } from '../jobs/job.ts'
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

/** A newer execution has written this effect already. */
class StaleWriterError extends Error {
  readonly code = 'STALE_WRITER'
}

export interface FencedWrite {
  readonly effect: string
  readonly owner: EffectOwner
  /** Returns false when there was nothing to write any more. Absent: the token is shown, and nothing is written. */
  readonly write?: () => boolean | void
  /** A token that the effect has to heed, too, read in the same transaction. */
  readonly alsoNewest?: () => number
}

/** Writes in one transaction with the fencing token, and records a write that comes too late. @throws StaleWriterError then */
export type Fenced = (write: FencedWrite) => void

export function createFenced(database: DatabaseSync): Fenced {
  const newestOf = database.prepare('SELECT fence FROM effects WHERE review_id = ? AND kind = ?')
  const claim = database.prepare(
    `INSERT INTO effects (review_id, kind, fence) VALUES (?, ?, ?)
     ON CONFLICT (review_id, kind) DO UPDATE SET fence = excluded.fence`,
  )
  const insertRefusal = database.prepare('INSERT INTO refused_writes VALUES (?, ?, ?, ?, ?, ?, ?)')
  const insertSaved = database.prepare('INSERT INTO saved_effects VALUES (?, ?, ?, ?, ?, ?)')

  return ({ effect, owner, write, alsoNewest }) => {
    const { jobType, reviewId, fencingToken, instance } = owner
    const kind = `${effect}:${owner.kind}`
    const isTooLate = transaction(database, () => {
      if (fencingToken !== undefined) {
        const row = newestOf.get(reviewId, kind) as { fence: number } | undefined
        const newest = Math.max(row?.fence ?? 0, alsoNewest?.() ?? 0)
        if (newest > fencingToken) {
          insertRefusal.run(hostNow(), jobType, reviewId, effect, instance, fencingToken, newest)
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
}
