import type { DatabaseSync } from 'node:sqlite'
import { hostNow } from '../clock.ts'
import type { Finding } from '../review/reviewer.ts'
import { scoreIn } from '../review/risk.ts'
import type { ReviewState } from './review-states.ts'

/** A request to review the difference between two commits of a repository. */
export interface Review {
  readonly id: string
  readonly repository: string
  readonly baseCommit: string
  readonly headCommit: string
  readonly title: string
  /** Name of the reviewer configuration to use. */
  readonly reviewer: string
  /** Who has made the newest commit. */
  readonly author: string
  readonly state: ReviewState
  /** Grows with every change of the state. */
  readonly version: number
  /** It was rejected since its job failed, or since there was nothing to review. */
  readonly hasFailed: boolean
  /** Of the last change of the state: why. */
  readonly reason: string | null
  /** Fencing token of the execution that last changed the state. */
  readonly fence: number
}

/** What a review is made of; the rest comes with its life. */
export type NewReview = Omit<Review, 'state' | 'version' | 'hasFailed' | 'reason' | 'fence' | 'author'> &
  Partial<Pick<Review, 'author'>>

export interface ReviewerConfiguration {
  readonly name: string
  readonly provider: string
  /** At most so many changed files are given to the linter. */
  readonly maxFiles: number
}

export interface ReviewFacts {
  readonly errors: number
  readonly warnings: number
  readonly infos: number
  /** 0 to 100. */
  readonly risk: number | null
}

export interface Reviews {
  add(review: NewReview): void
  find(id: string): Review | undefined
  /** The newest of these commits. */
  findOf(range: Pick<Review, 'repository' | 'baseCommit' | 'headCommit'>): Review | undefined
  /** A caller asks for a job of it: clean-up leaves it alone for some time. False: it is gone. */
  use(id: string): boolean
  /** The id of the last review of these commits that was done, and that clean-up has removed in the last days. */
  removedOf(range: Pick<Review, 'repository' | 'baseCommit' | 'headCommit'>): string | undefined
  /** What was found, by severity; the risk when it was assessed. */
  facts(id: string): ReviewFacts
  findings(id: string): readonly Finding[]
  addConfiguration(configuration: ReviewerConfiguration): void
  findConfiguration(name: string): ReviewerConfiguration | undefined
}

export function createReviews(database: DatabaseSync): Reviews {
  const insert = database.prepare(
    `INSERT INTO reviews (id, repository, base_commit, head_commit, title, author, reviewer)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const select = database.prepare('SELECT * FROM reviews WHERE id = ?')
  const selectOf = database.prepare(
    `SELECT * FROM reviews WHERE repository = ? AND base_commit = ? AND head_commit = ?
     ORDER BY rowid DESC LIMIT 1`,
  )
  const use = database.prepare('INSERT OR REPLACE INTO review_uses SELECT id, ? FROM reviews WHERE id = ?')
  const selectRemoved = database.prepare(
    `SELECT review_id AS id FROM removed_reviews WHERE repository = ? AND base_commit = ? AND head_commit = ?
     ORDER BY rowid DESC LIMIT 1`,
  )
  const countFindings = database.prepare(
    'SELECT severity, count(*) AS n FROM findings WHERE review_id = ? GROUP BY severity',
  )
  const selectFindings = database.prepare(
    'SELECT file, line, severity, category, rule, message, suggestion FROM findings WHERE review_id = ? ORDER BY rowid',
  )
  // Both say it by the same rule; the review says it first.
  const selectRisk = database.prepare(
    "SELECT body FROM comments WHERE review_id = ? AND kind IN ('risk', 'ai-review') ORDER BY kind DESC",
  )
  const insertConfiguration = database.prepare(
    'INSERT INTO reviewer_configurations (name, provider, max_files) VALUES (?, ?, ?)',
  )
  const selectConfiguration = database.prepare('SELECT * FROM reviewer_configurations WHERE name = ?')

  return {
    add(review) {
      const { id, repository, baseCommit, headCommit, title, author = '', reviewer } = review
      insert.run(id, repository, baseCommit, headCommit, title, author, reviewer)
    },
    find: (id) => reviewOf(select.get(id)),
    findOf: ({ repository, baseCommit, headCommit }) =>
      reviewOf(selectOf.get(repository, baseCommit, headCommit)),
    use: (id) => use.run(hostNow(), id).changes > 0,
    removedOf: ({ repository, baseCommit, headCommit }) =>
      (selectRemoved.get(repository, baseCommit, headCommit) as { id: string } | undefined)?.id,
    facts(id) {
      const rows = countFindings.all(id) as unknown as readonly { severity: string; n: number }[]
      const count = (severity: string): number => rows.find((row) => row.severity === severity)?.n ?? 0
      const risk = selectRisk.get(id) as { body: string } | undefined
      return {
        errors: count('error'),
        warnings: count('warning'),
        infos: count('info'),
        risk: scoreIn(risk?.body ?? ''),
      }
    },
    findings: (id) =>
      (selectFindings.all(id) as unknown as readonly (Finding & { line: number | null })[]).map(
        ({ line, ...same }) => (line === null ? same : { ...same, line }),
      ),
    addConfiguration: ({ name, provider, maxFiles }) =>
      void insertConfiguration.run(name, provider, maxFiles),
    findConfiguration(name) {
      const row = selectConfiguration.get(name) as unknown as ConfigurationRow | undefined
      return row && { name: row.name, provider: row.provider, maxFiles: row.max_files }
    },
  }
}

function reviewOf(found: unknown): Review | undefined {
  const row = found as ReviewRow | undefined
  if (row === undefined) return undefined
  const { base_commit: baseCommit, head_commit: headCommit, has_failed: failed, ...same } = row
  return { ...same, baseCommit, headCommit, hasFailed: failed === 1 }
}

interface ReviewRow extends Omit<Review, 'baseCommit' | 'headCommit' | 'hasFailed'> {
  readonly has_failed: number
  readonly base_commit: string
  readonly head_commit: string
}

interface ConfigurationRow {
  readonly name: string
  readonly provider: string
  readonly max_files: number
}
