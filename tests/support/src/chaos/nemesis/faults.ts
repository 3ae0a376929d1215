import { setTimeout as delay } from 'node:timers/promises'
import type { RedisNode } from '../../servers/redis-node.ts'
import type { Replicated } from '../../servers/replicated.ts'
import type { Worker } from '../worker.ts'
import type { FaultName } from './schedule.ts'

/** The targets of the nemesis. */
export interface Arena {
  readonly servers: Replicated
  readonly workers: readonly Worker[]
}

/** Causes a fault. When the promise settles the fault is over, and everything is restored. */
export type Fault = (arena: Arena, worker: Worker, lastsMs: number) => Promise<void>

const anything = (): boolean => true

export const faults: Readonly<Record<FaultName, Fault>> = {
  'kill-worker': async (_, worker) => await worker.kill(),
  'freeze-worker': async (_, worker, lastsMs) => await worker.freeze(lastsMs),
  'black-hole': async (_, worker, lastsMs) => await blackHole(worker, 'both', lastsMs),
  'black-hole-requests': async (_, worker, lastsMs) => await blackHole(worker, 'to-server', lastsMs),
  'black-hole-replies': async (_, worker, lastsMs) => await blackHole(worker, 'to-client', lastsMs),
  'reset-connections': async (_, { proxy }) => proxy.reset(),
  'cut-reply': async (_, { proxy }, lastsMs) => {
    const fault = proxy.once(anything, 'reset-reply')
    await delay(lastsMs)
    fault.remove()
  },
  'lose-reply': async (_, { proxy }, lastsMs) => {
    const fault = proxy.once(anything, 'lose-reply')
    await delay(lastsMs)
    fault.remove()
    proxy.reset()
  },
  'late-request': async (_, { proxy }, lastsMs) => {
    const fault = proxy.once(anything, 'hold-request')
    await delay(lastsMs)
    fault.release()
  },
  'refuse-connections': async (_, { proxy }, lastsMs) => {
    await proxy.refuse()
    proxy.reset()
    await delay(lastsMs)
    await proxy.accept()
  },
  latency: async (_, { proxy }, lastsMs) => {
    proxy.latency(5 + (lastsMs % 40))
    await delay(lastsMs)
    await proxy.heal()
  },
  'slow-bytes': async (_, { proxy }, lastsMs) => {
    proxy.slow({ bytes: 16, everyMs: 1 })
    await delay(lastsMs)
    await proxy.heal()
  },

  'kill-clients': async ({ servers }) => {
    await servers.primary.ask('CLIENT', 'KILL', 'TYPE', 'normal')
  },
  'kill-subscribers': async ({ servers }) => {
    await servers.primary.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
  },
  'flush-scripts': async ({ servers }) => {
    await servers.primary.ask('SCRIPT', 'FLUSH')
  },
  'pause-clients': async ({ servers }, _, lastsMs) => await servers.primary.pauseClients(lastsMs),
  'pause-writes': async ({ servers }, _, lastsMs) => await servers.primary.pauseClients(lastsMs, 'WRITE'),
  'freeze-server': async ({ servers }, _, lastsMs) => {
    servers.primary.pause()
    await delay(lastsMs)
    servers.primary.resume()
  },
  'restart-server': async ({ servers }, _, lastsMs) => {
    await servers.primary.kill()
    await delay(lastsMs)
    await servers.primary.restart()
  },
  'out-of-memory': async ({ servers }, _, lastsMs) => {
    await servers.primary.takeMemory()
    await delay(lastsMs)
    await servers.primary.giveMemory()
  },
  'fail-over': async (arena) => await failOver(arena, false),
  'fail-over-losing-writes': async (arena, _, lastsMs) => {
    const [replica] = arena.servers.replicas
    if (replica) await arena.servers.detach(replica)
    await delay(lastsMs)
    await failOver(arena, true)
  },
  // Subscribers stay with the server that is now a replica: only connections that send commands are ended, after a while.
  demote: async (arena, _, lastsMs) => await demote(arena, lastsMs, false),
  'demote-losing-writes': async (arena, _, lastsMs) => await demote(arena, lastsMs, true),
  // Like a crash: only the data that the replica has by then survives.
  'kill-primary': async (arena) => {
    const replica = replicaOf(arena)
    await arena.servers.caughtUp(replica)
    await arena.servers.promote(replica, { losingWrites: true })
  },
  'flush-all': async ({ servers }) => {
    await servers.primary.ask('FLUSHALL')
  },
}

/** Ends the fault as a network would: data in flight arrives in half of the cases, and is lost in the others. */
async function blackHole(
  { proxy }: Worker,
  direction: 'both' | 'to-server' | 'to-client',
  lastsMs: number,
): Promise<void> {
  proxy.blackHole(direction)
  await delay(lastsMs)
  if (lastsMs % 2 === 0) proxy.reset()
  await proxy.heal()
}

async function failOver(arena: Arena, losingWrites: boolean): Promise<void> {
  await arena.servers.promote(replicaOf(arena), { losingWrites })
}

async function demote(arena: Arena, lastsMs: number, losingWrites: boolean): Promise<void> {
  const old = arena.servers.primary
  await arena.servers.demote(replicaOf(arena), { losingWrites })
  await delay(lastsMs)
  await old.ask('CLIENT', 'KILL', 'TYPE', 'normal')
}

function replicaOf({ servers }: Arena): RedisNode {
  const [replica] = servers.replicas
  if (replica === undefined) throw new Error('there is no replica to fail over to')
  return replica
}
