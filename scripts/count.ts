/** What a check adds to the final line. */
export interface Count {
  readonly passed: number
  readonly failed: number
}
