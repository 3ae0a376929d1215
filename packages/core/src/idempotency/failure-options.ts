import { checkBoolean } from '../support/checks.ts'
import { type OptionTable, duration, resolveOptions } from '../support/option-table.ts'
import type { FailureOptions } from './execution-context.ts'

const FAILURE: OptionTable<FailureOptions> = {
  final: [checkBoolean, false],
  retryAfterMs: [duration(0), 0],
}

/** `retryAfterMs` is kept as it was given, and undefined where it was not. */
export function checkFailureOptions(options: FailureOptions): FailureOptions {
  resolveOptions(FAILURE, options)
  return options
}

/** What the job says that an error means. A classifier that is wrong must not keep the failure from being recorded. */
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
