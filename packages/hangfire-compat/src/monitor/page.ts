import { InvalidArgumentError } from '@holdfast/core'
import { checkObject } from '@holdfast/core/storage'

/** A part of a list. */
export interface Page {
  /** How many to leave out. Default: 0. */
  readonly from?: number | undefined
  /** How many at most, 1 to 1,000. Default: 50. */
  readonly count?: number | undefined
}

/** @throws InvalidArgumentError */
export function checkPage(page: Page): {
  readonly from: number
  readonly count: number
  readonly to: number
} {
  const { from = 0, count = 50 } = checkObject('The page', page) as Page
  if (!Number.isSafeInteger(from) || from < 0)
    throw new InvalidArgumentError(`from must be a whole number from 0; got ${String(from)}.`)
  if (!Number.isSafeInteger(count) || count < 1 || count > 1_000)
    throw new InvalidArgumentError(`count must be a whole number from 1 to 1,000; got ${String(count)}.`)
  return { from, count, to: from + count - 1 }
}
