import { refuse } from '@holdfast/core/storage'

/**
 * A queue that may be written to: Hangfire's own rule. Others exist in `queues` of old applications; they are read as they are.
 *
 * @throws InvalidArgumentError
 */
export function checkQueueName(name: string, queue: string): string {
  if (typeof queue === 'string' && /^[a-z0-9_-]+$/.test(queue)) return queue
  return refuse(name, queue, "lower-case letters, digits, '_' or '-', as Hangfire requires")
}
