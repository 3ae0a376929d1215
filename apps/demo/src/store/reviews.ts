import type { DatabaseSync } from 'node:sqlite'
import type { Finding } from '../review/reviewer.ts'
import { scoreIn } from '../review/risk.ts'

/** A request to review the difference between two commits of a repository. */
export interface Review {
  readonly id: string
  readonly repository: string
  readonly baseCommit: string
  readonly headCommit: string
  readonly title: string
  /** Name of the reviewer configuration to use. */
  readonly reviewer: string
  readonly status: 'pending' | 'reviewing' | 'reviewed'
  readonly fence: number
}

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
  add(review: Omit<Review, 'status' | 'fence'>): void
  find(id: string): Review | undefined
  /**
   * False: the review is neither pending nor left behind by an older execution, so it is not this one's to take. Without a
   * fencing token that cannot be known, and it is taken.
   */
  markReviewing(id: string, fencingToken: number | undefined): boolean
  /** False: a newer execution has taken the review. */
  markReviewed(id: string, fencingToken: number | undefined): boolean
  /** What was found, by severity; the risk when it was assessed. */
  facts(id: string): ReviewFacts
  findings(id: string): readonly Finding[]
  addConfiguration(configuration: ReviewerConfiguration): void
  findConfiguration(name: string): ReviewerConfiguration | undefined
}

export function createReviews(database: DatabaseSync): Reviews {
  const insert = database.prepare(
    'INSERT INTO reviews (id, repository, base_commit, head_commit, title, reviewer) VALUES (?, ?, ?, ?, ?, ?)',
  )
  const select = database.prepare('SELECT * FROM reviews WHERE id = ?')
  const take = database.prepare(
    `UPDATE reviews SET status = 'reviewing', fence = :fence
     WHERE id = :id AND (status = 'pending' OR (status = 'reviewing' AND fence <= :fence))`,
  )
  const finish = database.prepare(
    `UPDATE reviews SET status = 'reviewed', fence = :fence
     WHERE id = :id AND status <> 'pending' AND fence <= :fence`,
  )
  const set = database.prepare('UPDATE reviews SET status = :status WHERE id = :id')
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
      const { id, repository, baseCommit, headCommit, title, reviewer } = review
      insert.run(id, repository, baseCommit, headCommit, title, reviewer)
    },
    find(id) {
      const row = select.get(id) as unknown as ReviewRow | undefined
      if (row === undefined) return undefined
      const { base_commit: baseCommit, head_commit: headCommit, ...same } = row
      return { ...same, baseCommit, headCommit }
    },
    markReviewing: (id, fence) =>
      (fence === undefined ? set.run({ id, status: 'reviewing' }) : take.run({ id, fence })).changes === 1,
    markReviewed: (id, fence) =>
      (fence === undefined ? set.run({ id, status: 'reviewed' }) : finish.run({ id, fence })).changes === 1,
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

interface ReviewRow extends Omit<Review, 'baseCommit' | 'headCommit'> {
  readonly base_commit: string
  readonly head_commit: string
}

interface ConfigurationRow {
  readonly name: string
  readonly provider: string
  readonly max_files: number
}
