import type { DatabaseSync } from 'node:sqlite'
import type { Finding } from '../review/reviewer.ts'
import { transaction } from './database.ts'

/** Who writes an effect: the review and kind name it, the fencing token orders its writers. */
export interface EffectOwner {
  readonly reviewId: string
  readonly kind: string
  readonly fencingToken: number
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
  count(table: 'findings' | 'comments' | 'notifications', reviewId: string): number
  notifications(reviewId: string): readonly { readonly kind: string; readonly message: string }[]
  comments(reviewId: string, kind: string): readonly string[]
}

/** A newer execution has written this effect already. */
class StaleWriterError extends Error {
  readonly code = 'STALE_WRITER'
}

export function createEffects(database: DatabaseSync): Effects {
  const newest = database.prepare('SELECT fence FROM effects WHERE review_id = ? AND kind = ?')
  const claim = database.prepare(
    `INSERT INTO effects (review_id, kind, fence) VALUES (?, ?, ?)
     ON CONFLICT (review_id, kind) DO UPDATE SET fence = excluded.fence`,
  )
  const dropFindings = database.prepare('DELETE FROM findings WHERE review_id = ?')
  const insertFinding = database.prepare('INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?)')
  const dropComments = database.prepare('DELETE FROM comments WHERE review_id = ? AND kind = ?')
  const insertComment = database.prepare('INSERT INTO comments VALUES (?, ?, ?)')
  const dropNotifications = database.prepare('DELETE FROM notifications WHERE review_id = ? AND kind = ?')
  const insertNotification = database.prepare('INSERT INTO notifications VALUES (?, ?, ?)')
  const selectNotifications = database.prepare('SELECT kind, message FROM notifications WHERE review_id = ?')
  const selectComments = database.prepare('SELECT body FROM comments WHERE review_id = ? AND kind = ?')

  const fenced = (effect: string, owner: EffectOwner, write: () => void): void => {
    const kind = `${effect}:${owner.kind}`
    transaction(database, () => {
      const row = newest.get(owner.reviewId, kind) as { fence: number } | undefined
      if (row !== undefined && row.fence > owner.fencingToken) {
        throw new StaleWriterError(`A newer execution has written the ${effect} of ${owner.reviewId}.`)
      }
      claim.run(owner.reviewId, kind, owner.fencingToken)
      write()
    })
  }

  return {
    saveFindings: (owner, findings) =>
      fenced('findings', owner, () => {
        dropFindings.run(owner.reviewId)
        for (const { file, line, severity, rule, message } of findings) {
          insertFinding.run(owner.reviewId, file, line ?? null, severity, rule, message)
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
