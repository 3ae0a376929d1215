import type { DatabaseSync } from 'node:sqlite'
import { basename } from 'node:path'
import { hostNow } from '../clock.ts'
import type { Act } from './review-states.ts'

/** A notification that was written. */
export interface Told {
  readonly at: number
  /** Of the review, after the change that it tells of. */
  readonly version: number
  readonly recipient: 'author' | 'project'
  /** Who that is. */
  readonly name: string
  readonly message: string
}

/** A change of state that the author and the project should hear of. */
interface News {
  readonly id: string
  readonly version: number
  readonly title: string
  readonly author: string
  readonly repository: string
  readonly who: string
  readonly reason: string | undefined
}

/** A beginning is no news: its end will be. */
const WORDS: Readonly<Partial<Record<Act, (news: News) => string>>> = {
  finish: ({ reason }) => `was reviewed: ${reason}. A person decides now.`,
  fail: ({ reason }) => `could not be reviewed: ${reason}`,
  refuse: ({ reason }) => `could not be reviewed: ${reason}`,
  approve: ({ who }) => `was approved by ${who}.`,
  reject: ({ who, reason }) => `was rejected by ${who}${reason === undefined ? '.' : `: ${reason}`}`,
  merge: ({ who }) => `was merged by ${who}.`,
  again: ({ who }) => `is to be reviewed again: ${who} has asked for it.`,
}

/**
 * Writes what the author and the project are told, in the transaction of what they are told of. There is no unique constraint: a
 * notification that is written twice is there twice.
 */
export function createNotices(database: DatabaseSync) {
  const insert = database.prepare('INSERT INTO notifications VALUES (?, ?, ?, ?, ?, ?)')
  const select = database.prepare(
    'SELECT at, version, recipient, name, message FROM notifications WHERE review_id = ? ORDER BY rowid',
  )
  return {
    tell(act: Act, news: News): void {
      const words = WORDS[act]?.(news)
      if (words === undefined) return
      const { id, version, title, author, repository } = news
      const at = hostNow()
      insert.run(at, id, version, 'author', author || 'unknown', `Your change “${title}” ${words}`)
      insert.run(at, id, version, 'project', basename(repository), `The change “${title}” ${words}`)
    },
    of: (reviewId: string) => select.all(reviewId) as unknown as readonly Told[],
  }
}
