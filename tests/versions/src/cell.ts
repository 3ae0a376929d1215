/** One combination of the matrix, and what became of it. */
export interface Cell {
  /** What it combines, from the general to the special. */
  readonly name: readonly string[]
  readonly outcome: 'passed' | 'failed' | 'not run'
  /** Why it was not run, how it failed, or what it counted. */
  readonly detail: string
  readonly ms?: number
}
