import { TimerQueue } from '../support/timer-queue.ts'
import type { ClosedError } from '../errors.ts'
import type { LeaseKeeper } from '../lease-keeper.ts'
import type { Timer } from '../support/runtime.ts'
import type { StorageClient } from '../support/storage-client.ts'
import type { Held, LockRoom } from './room.ts'
import { WaitingRoom } from './waiters.ts'

/** Makes what the parts of one `Locks` instance share, and keeps it in step with the connection. */
export function openRoom(
  calls: StorageClient,
  process: string,
  claimMs: number,
): LockRoom & { close(error: ClosedError, graceMs: number): Promise<void> } {
  const { runtime, storage } = calls
  const { leases } = storage
  const background = new Set<Promise<unknown>>()
  const lookouts = new Map<string, Timer>()
  const held = new TimerQueue<LeaseKeeper<Held>>(runtime, { background: true, delay: calls.eventLoopDelay })
  const releasing = new Set<string>()
  let disruptions = 0
  let tokens = 0
  let closed = false

  const inBackground = (work: Promise<unknown>): void => {
    const done: Promise<void> = work.then(ignore, ignore).finally(() => background.delete(done))
    background.add(done)
  }

  const releaseInBackground: LockRoom['releaseInBackground'] = (key, token, notAfter, forMs) => {
    const release = calls.call(() => leases.release(key, { token, claimMs, notAfter }), forMs, {
      background: true,
    })
    inBackground(release.then(({ reply }) => lookAfter(key, reply)))
  }

  // One look per key and claim time, whatever the number of hand-offs: what is claimed in time costs nothing.
  const lookAfter: LockRoom['lookAfter'] = (key, { pendingHandOffMs }) => {
    if (pendingHandOffMs <= 0 || closed || lookouts.has(key)) return
    const look = (): void => {
      lookouts.delete(key)
      inBackground(
        calls
          .call(() => leases.reapExpired(key, claimMs), calls.callTimeoutMs, { background: true })
          .then(({ reply }) => lookAfter(key, reply)),
      )
    }
    lookouts.set(key, runtime.setTimer(pendingHandOffMs + 5, look, { background: true }))
  }

  const waiting = new WaitingRoom(calls, leases, process, claimMs, ({ kind, key, token }) => {
    const lease = [...held.all].find(({ owner }) => owner.token === token)?.owner
    if (kind === 'revoked') lease?.lose('revoked')
    // Handed to somebody who does not wait any more: on to the next, at once. One release is enough: two, and the answer
    // to the first may be that to the second, when the storage no longer knows of either.
    else if (lease === undefined && !releasing.has(token)) releaseInBackground(key, token, 0, claimMs)
  })

  const stopWatching = storage.connection.onChange((state) => {
    disruptions += 1
    if (state === 'down' && storage.connection.problem === undefined) return
    // Nobody knows what the storage still has: ask for all of them now. Where there will be no connection any more, this
    // is how they hear it.
    waiting.reconnected()
    for (const keeper of held.all) keeper.renewNow()
  })

  const settled = async (graceMs: number, work: readonly Promise<unknown>[]): Promise<void> => {
    if (work.length === 0 || graceMs === 0) return
    let timer: Timer | undefined
    const grace = new Promise<void>((resolve) => (timer = runtime.setTimer(graceMs, resolve)))
    await Promise.race([Promise.all(work), grace])
    timer?.cancel()
  }

  return {
    calls,
    leases,
    runtime,
    process,
    claimMs,
    held,
    releasing,
    waiting,
    disruptions: () => disruptions,
    nextToken: () => `${process}.${(tokens += 1).toString(36)}`,
    releaseInBackground,
    lookAfter,
    async close(error, graceMs) {
      const finishing = [...held.all].map(({ owner }) => owner.finish(error))
      await settled(graceMs, finishing)
      closed = true
      for (const { owner } of held.all) owner.abandon()
      stopWatching()
      held.close()
      for (const timer of lookouts.values()) timer.cancel()
      lookouts.clear()
      // What waiting calls left behind is given back, unless the storage cannot be reached anyway.
      await settled(calls.callTimeoutMs, [...background])
      await settled(calls.callTimeoutMs, [waiting.close()])
    },
  }
}

function ignore(): void {}
