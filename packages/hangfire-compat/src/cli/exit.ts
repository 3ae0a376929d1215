/** How the program ends, for scripts. The README lists them. */
export const exitCodes = {
  fine: 0,
  /** `check` has errors or warnings; `contract` cannot express a definition. */
  findings: 1,
  badUse: 2,
  /** Redis cannot be reached, or refuses what `check` needs. */
  noRedis: 3,
  /** A fault in this program. */
  fault: 70,
} as const

/** Ends the program with a message, and no stack: what happened is no fault in it. */
export class Exit extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}
