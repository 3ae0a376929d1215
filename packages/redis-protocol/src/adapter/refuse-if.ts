import { InvalidArgumentError } from '@holdfast/core'

/** One line for each client that an adapter does not support. */
export function refuseIf(unfit: unknown, message: string): void {
  if (unfit) throw new InvalidArgumentError(message)
}
