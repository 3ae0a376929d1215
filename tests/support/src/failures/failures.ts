/** A test or a check that has failed. */
export interface Failure {
  /** Such as the workspace, the file and the title of a test. */
  readonly what: string
  /** All of it, or its first line. */
  readonly error: string
}

const MOST = 30
/** Of an error, so that all the lines together stay a page. */
const LONGEST_ERROR = 200

/**
 * Lines for the end of a run, where who reads a log that has been cut looks. `.ci/run` finds them by their first word, and
 * repeats them at its own end.
 */
export function failureLines(failures: readonly Failure[], most = MOST): string[] {
  const lines = failures.slice(0, most).map(({ what, error }) => `failed: ${what}: ${firstLine(error)}`)
  const more = failures.length - lines.length
  return more > 0 ? [...lines, `failed: and ${more} more`] : lines
}

function firstLine(error: string): string {
  const line = error.trimStart().split('\n', 1)[0]?.trimEnd() ?? ''
  return line.length > LONGEST_ERROR ? `${line.slice(0, LONGEST_ERROR)}…` : line
}
