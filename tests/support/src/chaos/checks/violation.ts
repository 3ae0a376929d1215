/** One thing that must not have happened. */
export interface Violation {
  /** Which promise was broken. */
  readonly rule: string
  readonly key: string
  /** When, as the witnesses' clock has it. */
  readonly at: number
  readonly what: string
}

export function milliseconds(microseconds: number): string {
  return `${(microseconds / 1_000).toFixed(1)} ms`
}
