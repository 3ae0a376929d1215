import { InvalidArgumentError } from '@holdfast/core'

/**
 * A queue that may be written to: Hangfire's own rule. Others exist in `queues` of old applications; they are read as they are.
 *
 * @throws InvalidArgumentError
 */
export function checkQueueName(name: string, queue: string): string {
  if (typeof queue === 'string' && /^[a-z0-9_-]+$/.test(queue)) return queue
  throw new InvalidArgumentError(
    `${name} must be lower-case letters, digits, '_' or '-', as Hangfire requires; got ${JSON.stringify(queue)}.`,
  )
}
