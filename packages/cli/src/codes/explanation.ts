/** What a code means and what to do about it. */
export interface Explanation {
  /**
   * - `error`: the `code` of an error that a call throws, or of a failure that is recorded with a job.
   * - `finding`: what `verify()` and `health()` find, and what `holdfast doctor` shows.
   * - `problem`: the `code` of an answer of an idempotent HTTP route.
   * - `warning`: of the process; those of Hangfire are an event on `holdfast:hangfire`, too.
   */
  readonly kind: 'error' | 'finding' | 'problem' | 'warning'
  /** The package it comes from. */
  readonly from: string
  readonly means: string
  readonly doThis: string
}

/** An {@link Explanation} with the code it belongs to. */
export interface ExplainedCode extends Explanation {
  readonly code: string
}

/** One for every code: one that is missing, or misspelt, does not compile. */
export type Explanations<Code extends string> = Readonly<Record<Code, Explanation>>

/** The same package and kind for a whole table. */
export function explained<Code extends string>(
  { kind, from }: Pick<Explanation, 'kind' | 'from'>,
  table: Readonly<Record<Code, readonly [means: string, doThis: string]>>,
): Explanations<Code> {
  const entries = Object.entries<readonly [string, string]>(table)
  return Object.fromEntries(
    entries.map(([code, [means, doThis]]) => [code, { kind, from, means, doThis }]),
  ) as Explanations<Code>
}
