/** One broken promise. */
export interface Violation {
  /** Which promise was broken. */
  readonly rule: string
  readonly key: string
  /** When, by the witnesses' clock. */
  readonly at: number
  readonly what: string
}

export function milliseconds(microseconds: number): string {
  return `${(microseconds / 1_000).toFixed(1)} ms`
}
