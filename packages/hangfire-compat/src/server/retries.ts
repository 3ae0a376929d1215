import { InvalidArgumentError } from '@holdfast/core'
import { type OptionTable, checkFunction, integer, oneOf } from '@holdfast/core/storage'

/** `[AutomaticRetry]`: what becomes of a job whose body failed. */
export interface AutomaticRetryOptions {
  /**
   * How often it is run again: once more than that in all. 0: never.
   * @default 10
   */
  readonly attempts?: number | undefined
  /**
   * How long to wait before each of them, in ms; the last one counts for all that follow. Without it as Hangfire does:
   * 15 to 44 s before the first, ever longer, almost two hours before the tenth.
   */
  readonly delaysMs?: readonly number[] | undefined
  /**
   * What becomes of a job that failed for the last time. As in .NET the count of a job stays when it is requeued, so that
   * its next failure is the last one again.
   * @default 'fail'
   */
  readonly onAttemptsExceeded?: 'fail' | 'delete' | undefined
  /**
   * Whether an error is worth another run. Where it throws the job fails, with both errors. Default: every error is.
   */
  readonly retryOn?: ((error: unknown) => boolean) | undefined
}

export const AUTOMATIC_RETRY: OptionTable<AutomaticRetryOptions, 'delaysMs' | 'retryOn'> = {
  attempts: [integer(0, 1_000_000), 10],
  delaysMs: [checkDelays, undefined],
  onAttemptsExceeded: [oneOf('fail', 'delete'), 'fail'],
  retryOn: [checkFunction, undefined],
}

/** Hangfire's wait before attempt `attempt`, from 1, in ms; `random` is from 0 up to 1. */
export function hangfireDelayMs(attempt: number, random: number): number {
  return 1_000 * Math.round((attempt - 1) ** 4 + 15 + Math.floor(random * 30) * attempt)
}

/** The wait before attempt `attempt`, from 1. */
export function delayMsOf(
  attempt: number,
  delaysMs: readonly number[] | undefined,
  random: number = Math.random(),
): number {
  return delaysMs?.[Math.min(attempt, delaysMs.length) - 1] ?? hangfireDelayMs(attempt, random)
}

/** What Hangfire's pages say of a retry. */
export function retryReason(attempt: number, attempts: number, message: string): string {
  const short = message.length > 50 ? `${message.slice(0, 49)}…` : message
  return `Retry attempt ${attempt} of ${attempts}: ${short}`
}

function checkDelays(name: string, delays: readonly number[]): readonly number[] {
  const longest = 365 * 86_400_000
  const isFine =
    Array.isArray(delays) &&
    delays.length > 0 &&
    delays.every((each) => typeof each === 'number' && each >= 0 && each <= longest)
  if (isFine) return delays.map(Math.ceil)
  throw new InvalidArgumentError(`${name} must be a list of milliseconds, each from 0 to a year.`)
}
