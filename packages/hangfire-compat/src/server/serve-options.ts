import { type Holdfast, InvalidArgumentError } from '@holdfast/core'
import { type OptionTable, checkObject, duration, integer, oneOf, refuse } from '@holdfast/core/storage'
import { checkQueueName } from '../wire/queue-name.ts'

/** What a server takes from which queues, and how much of it. */
export interface ServeOptions {
  /**
   * Looked into in this order: a job of a later queue waits for those of the earlier ones.
   * @default `['default']`
   */
  readonly queues?: readonly string[] | undefined
  /**
   * How many jobs run at a time.
   * @default 10
   */
  readonly concurrency?: number | undefined
  /** Bodies run within its idempotency: a result that it has recorded is never computed again. */
  readonly holdfast: Pick<Holdfast, 'idempotency'>
  /**
   * What the dashboard calls the server, with its process and a GUID.
   * @default 'node'
   */
  readonly name?: string | undefined
  /**
   * What becomes of jobs in these queues that no handler is for. `leave`: they go to the other end of their queue, untouched, for
   * another server; `fail`: they fail, as .NET fails a job whose method it does not find.
   * @default 'leave'
   */
  readonly unknownJobs?: 'leave' | 'fail' | undefined
}

/** How a server stops. */
export interface StopOptions {
  /**
   * How long to wait for bodies that were asked to stop. What has not ended then goes back into its queue.
   * @default 15_000
   */
  readonly graceMs?: number | undefined
}

export const SERVE: OptionTable<ServeOptions> = {
  queues: [checkQueues, ['default']],
  concurrency: [integer(1, 1_000), 10],
  holdfast: [checkHoldfast],
  name: [checkServerName, 'node'],
  unknownJobs: [oneOf('leave', 'fail'), 'leave'],
}

export const STOP: OptionTable<StopOptions> = { graceMs: [duration(0), 15_000] }

function checkQueues(name: string, queues: readonly string[]): readonly string[] {
  if (!Array.isArray(queues) || queues.length === 0)
    refuse(name, queues, 'a list of queues, with one at least')
  for (const queue of queues) checkQueueName(name, queue)
  if (new Set(queues).size < queues.length)
    throw new InvalidArgumentError(`${name} names a queue twice: each is looked into once.`)
  return [...queues]
}

function checkHoldfast<T extends Pick<Holdfast, 'idempotency'>>(name: string, holdfast: T): T {
  const { idempotency } = checkObject(name, holdfast) as Partial<T>
  if (typeof idempotency?.run !== 'function') refuse(name, holdfast, 'what createHoldfast() returns')
  return holdfast
}

function checkServerName(name: string, value: string): string {
  if (typeof value === 'string' && /^[^\s:]+$/.test(value)) return value
  return refuse(name, value, 'a name without spaces and colons')
}
