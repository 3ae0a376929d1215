import { checkBoolean, checkDuration } from '../check.ts'
import { checkOptions, optionNames } from '../option-names.ts'
import type { FailureOptions } from './execution-context.ts'

const FAILURE_OPTIONS = optionNames<FailureOptions>({ final: true, retryAfterMs: true })

export function checkFailureOptions(options: FailureOptions): FailureOptions {
  const { final, retryAfterMs } = checkOptions(options, FAILURE_OPTIONS)
  checkBoolean('final', final)
  if (retryAfterMs !== undefined) checkDuration('retryAfterMs', retryAfterMs, 0)
  return options
}

/** What the job says that an error means. Who classifies wrongly must not keep the failure from being recorded. */
export function classified(
  error: unknown,
  classify: ((error: unknown) => FailureOptions | undefined) | undefined,
): FailureOptions {
  try {
    return checkFailureOptions(classify?.(error) ?? {})
  } catch {
    return {}
  }
}
