import type { AcquireReply } from '@holdfast/core/storage'
import { expect, it } from 'vitest'
import { createShardedWaits } from '../src/leases/sharded-waits.ts'
import type { PubSub } from '../src/pub-sub.ts'

const queued: AcquireReply = { outcome: 'queued', kept: true, ahead: 0, holders: [], now: 0 }
const listener = { message: () => undefined, restored: () => undefined }

/** Subscriptions that are only recorded: those ever made, and the current ones. */
function noted() {
  const standing: string[] = []
  let subscribed = 0
  const pubSub: PubSub = {
    sharded: true,
    receiverCount: 'local',
    async subscribe(channel) {
      subscribed += 1
      const mine = `${channel} ${subscribed}`
      standing.push(mine)
      return async () => void standing.splice(standing.indexOf(mine), 1)
    },
    renew: async () => undefined,
    closeIfIdle: () => undefined,
    close: () => undefined,
  }
  return { pubSub, standing }
}

it('moves channels with waiters, and keeps none that lead elsewhere', async () => {
  const { pubSub, standing } = noted()
  const waits = createShardedWaits(pubSub)
  await waits.listen('p', listener)
  await waits.acquire('{a}', 'p.1', async () => queued)
  await waits.acquire('{b}', 'p.2', async () => queued)
  // It has no waiter any more; its subscription stays a little longer.
  waits.done('{a}', 'p.1')
  expect(waits.statesOf('p')).toEqual(['{a}', '{b}'])
  await waits.listenAnew('p')
  expect(waits.statesOf('p')).toEqual(['{b}'])
  expect(standing).toEqual(['{b}:w:p 3'])
  waits.close()
})

it('does not hold up a leaving waiter whose subscription is never confirmed', async () => {
  const waits = createShardedWaits({ ...noted().pubSub, subscribe: () => new Promise(() => undefined) })
  const stop = await waits.listen('p', listener)
  void waits.acquire('{a}', 'p.1', async () => queued)
  await expect.poll(() => waits.statesOf('p')).toEqual(['{a}'])
  await stop()
  waits.close()
})
