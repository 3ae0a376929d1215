import { type ProgramName, PrometheusNotFoundError, findProgram } from '@holdfast/test-support/prometheus'
import { beforeAll, beforeEach } from 'vitest'

/**
 * Skips the tests of a file, with the reason, where a program is not installed and Debian's packages are out of reach.
 * Otherwise calls `prepare` before them.
 */
export function needs(programs: readonly ProgramName[], prepare?: () => Promise<void>): void {
  let reason: string | undefined
  beforeAll(async () => {
    try {
      for (const program of programs) await findProgram(program)
    } catch (error) {
      if (!(error instanceof PrometheusNotFoundError)) throw error
      reason = error.message
      return
    }
    await prepare?.()
  })
  beforeEach(({ skip }) => {
    if (reason !== undefined) skip(reason)
  })
}
