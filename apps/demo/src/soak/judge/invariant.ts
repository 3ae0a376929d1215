import type { DatabaseSync } from 'node:sqlite'

/** What must hold when the soak is over, and what the database says of it. */
export interface Judged {
  /** As a sentence that is true when it holds. */
  readonly invariant: string
  /** How much it was asked of: of nothing, everything holds. */
  readonly of: string
  /** What breaks it; none: it holds. */
  readonly broken: readonly string[]
}

export type Invariant = (database: DatabaseSync) => Judged

/** The rows of a query, and a sentence for each. */
export function broken<Row>(
  database: DatabaseSync,
  query: string,
  inWords: (row: Row) => string,
): readonly string[] {
  return (database.prepare(query).all() as unknown as readonly Row[]).map(inWords)
}

export function count(database: DatabaseSync, query: string): number {
  return (database.prepare(`SELECT count(*) AS n FROM ${query}`).get() as { n: number }).n
}
