import type { Unsubscribe } from '@holdfast/core/storage'
import { createPubSub } from '@holdfast/redis-protocol'
import type { Parking } from './parking.ts'
import type { ServerContext } from './server-context.ts'

/** Wakes workers when a job comes into a queue. */
export interface WakeUp {
  stop(): void
}

/**
 * Listens on the channel on which .NET and Node say that a queue has something, and looks from time to time all the same: what
 * watchers of storage 1.9.4 put back is announced nowhere, and a message may be lost with a connection.
 */
export function wakeUp(
  { storage, times, publish }: ServerContext,
  parking: Parking,
  running: ReadonlySet<{ readonly id: string }>,
): WakeUp {
  const pubSub = createPubSub(storage.client)
  let isStopped = false
  let unsubscribe: Unsubscribe | undefined
  const listener = {
    message(id: string) {
      // An acknowledgement is announced, too: one of ours leaves nothing to take.
      for (const job of running) if (job.id === id) return
      parking.wake()
    },
    restored: () => parking.wake(),
  }
  const subscribe = async (): Promise<void> => {
    try {
      unsubscribe = await pubSub.subscribe(storage.keys.fetchChannel, listener)
      // What came before is in the queue.
      parking.wake()
    } catch (error) {
      if (!isStopped) publish({ type: 'troubled', doing: 'listening for jobs', error })
    }
  }
  let subscribing = subscribe()
  const scan = setInterval(() => {
    parking.wake()
    if (unsubscribe === undefined) subscribing = subscribing.then(() => (isStopped ? undefined : subscribe()))
  }, times.scanMs)
  return {
    stop() {
      isStopped = true
      clearInterval(scan)
      pubSub.close()
    },
  }
}
