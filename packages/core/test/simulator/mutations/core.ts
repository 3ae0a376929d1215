import { LeaseDeadline } from '../../../src/lease-deadline.ts'
import { instant } from '../../../src/support/runtime.ts'
import { PendingRequest, type TimedReply } from '../../../src/support/pending-request.ts'
import { StorageClient } from '../../../src/support/storage-client.ts'
import type { Mutation } from './mutation.ts'

/** Decisions that locks and executions share. */
export const sharedMutations: readonly Mutation[] = [
  {
    name: 'no local deadline',
    like: 'redlock, redis-semaphore: a loss is found only in the reply to an extend',
    breakCore: () => replace(LeaseDeadline.prototype, 'remainingMs', () => () => 1_000_000),
  },
  {
    name: 'lease counted from the reply',
    like: 'redlock-universal: the deadline starts when the answer has come',
    breakCore: () =>
      replace(
        StorageClient.prototype,
        'call',
        (call) =>
          async function (this: StorageClient, ...args: readonly unknown[]) {
            const answer = (await call.call(this, ...args)) as TimedReply<unknown>
            return { ...answer, sentAt: instant(this.runtime) }
          },
      ),
  },
]

/** Of jobs alone: only the end of a job is judged by when it is sent again. */
export const endMutations: readonly Mutation[] = [
  {
    name: 'a call waits for its client alone',
    like: 'ours, over ioredis with autoResendUnfulfilledCommands: false: a finished job ran again',
    breakCore: () =>
      replace(
        PendingRequest.prototype,
        'connectionChanged',
        (changed) =>
          function (this: PendingRequest<unknown>, ...args: readonly unknown[]) {
            if (!this.isInFlight) changed.call(this, ...args)
          },
      ),
  },
]

export type Method = (...args: readonly unknown[]) => unknown

/** Puts another method in place; returns what undoes it. */
export function replace(prototype: object, name: string, make: (original: Method) => Method): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)
  if (original === undefined) throw new TypeError(`there is no method ${name} to replace`)
  Object.defineProperty(prototype, name, { ...original, value: make(original.value as Method) })
  return () => Object.defineProperty(prototype, name, original)
}

/** The same for a property that is computed. */
export function replaceGetter(
  prototype: object,
  name: string,
  make: (original: Method) => Method,
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name)
  if (original?.get === undefined) throw new TypeError(`there is no property ${name} to replace`)
  Object.defineProperty(prototype, name, { ...original, get: make(original.get) })
  return () => Object.defineProperty(prototype, name, original)
}
