/** How the program ends, for scripts. The README lists them. */
export const exitCodes = {
  fine: 0,
  /** There is something to mend, what was asked for is not there, or a change was not made. */
  findings: 1,
  badUse: 2,
  /** Redis cannot be reached, or refuses what the command needs. */
  noRedis: 3,
  /** A fault in this program. */
  fault: 70,
  /** Ctrl-C. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Ends the program with one line on stderr, and no stack: what happened is no fault in it. */
export class Exit extends Error {
  readonly code: ExitCode

  constructor(code: ExitCode, message: string) {
    super(message)
    this.code = code
  }
}
