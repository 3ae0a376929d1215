import { type Lease, type Locks, createLocks } from '@holdfast/core'
import { FaultProxy } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { type RedisNode, Replicated, until } from '@holdfast/test-support/servers'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import {
  type DedicatedConnection,
  type DedicatedConnectionEvents,
  type RedisClient,
  type ShardedChannels,
  redisStorage,
} from '../src/index.ts'
import { openPlainClient } from './plain-client.ts'

const [servers, strange] = await Promise.all([Replicated.start({ replicas: 1 }), startRedis()])
afterAll(async () => await Promise.all([servers.stop(), strange.stop()]))
const replica = (): RedisNode => {
  const [only] = servers.replicas
  if (only === undefined) throw new Error('there is no replica')
  return only
}

interface Process {
  readonly locks: Locks
  /** The servers of the connections that were opened for subscriptions. */
  readonly links: number[]
  /** The same for sharded channels: in a cluster the slot of the key gives the server. */
  readonly shardLinks: number[]
  /** The server of the next ones. */
  linksTo: number
  /** How many commands the client got. */
  sent: number
  /** Reconnects the client's own connection to this server. */
  connectTo(port: number): Promise<void>
}

/** A process whose commands and subscriptions may lead to different servers, as behind an address that has moved. */
async function join({
  linksTo = servers.primary.port,
  claimMs = 60_000,
  inCluster = false,
} = {}): Promise<Process> {
  let commands = await openPlainClient(servers.primary.port)
  const opened = [commands]
  const listeners = new Set<(state: 'ready') => void>()
  const links: number[] = []
  const shardLinks: number[] = []
  const shards = new Map<unknown, DedicatedConnection>()
  const sharded: ShardedChannels = {
    async subscribe(channel, onMessage) {
      shardLinks.push(process.linksTo)
      const there = await openPlainClient(process.linksTo)
      opened.push(there)
      const link = await there.openConnection({ message: (_, payload) => onMessage(payload), lost() {} })
      shards.set(onMessage, link)
      await link.send(['SSUBSCRIBE', channel])
    },
    async unsubscribe(_, onMessage) {
      shards.get(onMessage)?.close()
    },
    onRestored: () => () => {},
  }
  const openConnection: RedisClient['openConnection'] = async (events) => {
    const to = process.linksTo
    links.push(to)
    const there = await openPlainClient(to)
    opened.push(there)
    return await there.openConnection(events)
  }
  const cluster = {
    masters: async () => [],
    names: () => [],
    ownerOf: () => undefined,
    openConnectionTo: (_: string, events: DedicatedConnectionEvents) => openConnection(events),
  }
  const client: RedisClient = {
    ...(inCluster && { sharded, cluster }),
    connection: {
      state: 'ready',
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    send(args) {
      process.sent += 1
      return commands.send(args)
    },
    sendForBytes: (args) => commands.sendForBytes(args),
    openConnection,
    detach() {},
  }
  const storage = redisStorage(client)
  const locks = createLocks(storage, { claimMs, callTimeoutMs: 60_000 })
  const process: Process = {
    locks,
    links,
    shardLinks,
    linksTo,
    sent: 0,
    async connectTo(port) {
      commands = await openPlainClient(port)
      opened.push(commands)
      for (const listener of listeners) listener('ready')
    },
  }
  onTestFinished(async () => {
    await locks.close({ graceMs: 0 })
    await storage.close()
    for (const one of opened) one.detach()
    for (const link of shards.values()) link.close()
  })
  return process
}

let names = 0
const freshName = (): string => `link-${(names += 1)}`

/** One process holds the lock, the others wait. */
async function heldAndWaitedFor(holder: Process, waiters: readonly Process[], leaseMs = 600_000) {
  const name = freshName()
  const held = await holder.locks.acquire(name, { leaseMs, maxHoldMs: 600_000 })
  const got: Lease[] = []
  const waiting: Promise<Lease>[] = []
  for (const { locks } of waiters) {
    const lease = locks.acquire(name, { leaseMs: 600_000, waitMs: 600_000 })
    lease.then(
      (one) => got.push(one),
      () => {},
    )
    waiting.push(lease)
    await until('it waits', async () => (await holder.locks.inspect(name)).waiting === waiting.length)
  }
  return { name, held, got, waiting }
}

/** The others wait when one releases: each gets the lock from the previous holder. */
async function goAround(holder: Process, waiters: readonly Process[]): Promise<void> {
  const { held, waiting } = await heldAndWaitedFor(holder, waiters)
  const fences = [held.fencingToken]
  await held.release()
  const turns = waiting.map(async (next) => {
    const lease = await next
    fences.push(lease.fencingToken)
    await lease.release()
  })
  await Promise.all(turns)
  expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b))
}

/** The release hands the lock over in the same step: the waiter was counted, or need not be. */
async function isHandedOver(holder: Process, waiter: Process): Promise<boolean> {
  const { name, held, waiting } = await heldAndWaitedFor(holder, [waiter])
  // Not through the holder's process, which would check unclaimed hand-overs later.
  await held.release()
  const { holders } = await holder.locks.inspect(name)
  const lease = await Promise.all(waiting)
  await lease[0]?.release()
  return holders[0]?.token === lease[0]?.token
}

it.each(['passes on what is replicated to it', 'knows nothing'])(
  'moves a link that leads to another server, which %s, once a waiter has lost its place',
  async (what) => {
    const holder = await join()
    const other = what === 'knows nothing' ? strange.port : replica().port
    const waiter = await join({ linksTo: other })
    waiter.linksTo = other
    const { held, waiting } = await heldAndWaitedFor(holder, [waiter], 2_000)
    waiter.linksTo = servers.primary.port
    await held.release()
    await (await waiting[0])?.release()
    await until('it listens on another link', async () => waiter.links.length === 2)
    expect(waiter.links).toEqual([other, servers.primary.port])
    await until('it is handed over again', async () => await isHandedOver(holder, waiter))
    expect(waiter.links).toHaveLength(2)
  },
)

it('moves sharded channels that lead to another server, of current and of former waiters', async () => {
  const holder = await join({ inCluster: true })
  const waiter = await join({ inCluster: true, linksTo: replica().port })
  const one = await heldAndWaitedFor(holder, [waiter])
  const other = await heldAndWaitedFor(holder, [waiter])
  const channels = async (node: RedisNode): Promise<readonly string[]> =>
    (await node.ask('PUBSUB', 'SHARDCHANNELS')) as readonly string[]
  await until('it listens for both, elsewhere', async () => (await channels(replica())).length === 2)
  waiter.linksTo = servers.primary.port
  await one.held.release()
  await (await one.waiting[0])?.release()
  await until('it listens on the primary', async () => (await channels(servers.primary)).length === 1)
  await until('and no more elsewhere', async () => (await channels(replica())).length === 0)
  // Counted places, not marked ones: the release notifies the others in the same step, and only them.
  const [queue = ''] = (await servers.primary.ask('KEYS', `*${other.name}*:q`)) as string[]
  const [place = ''] = (await servers.primary.ask('ZRANGE', queue, 0, -1)) as string[]
  expect([queue.includes(other.name), place[0]]).toEqual([true, '*'])
  await other.held.release()
  const { holders } = await holder.locks.inspect(other.name)
  const lease = await other.waiting[0]
  expect(holders.map(({ token }) => token)).toEqual([lease?.token])
  const elsewhere = replica().port
  const [first, second, ...moved] = waiter.shardLinks
  expect([first, second]).toEqual([elsewhere, elsewhere])
  // One more when the first lock is not handed over yet at the moment of the count: its channel moves, too, and ends then.
  expect(new Set(moved)).toEqual(new Set([servers.primary.port]))
})

it('keeps a link that is counted: after a freeze, and after FLUSHALL, twice', async () => {
  const proxy = await FaultProxy.start({ target: servers.primary.address })
  onTestFinished(async () => await proxy.stop())
  const holder = await join({ claimMs: 300 })
  const waiter = await join({ linksTo: proxy.port, claimMs: 300 })
  await goAround(holder, [waiter])
  // The push is sent, but the process does not get it before it has been dropped.
  const frozen = await heldAndWaitedFor(holder, [waiter])
  proxy.blackHole('to-client')
  await frozen.held.release()
  await until('its time to claim is over', async () => {
    const { holders } = await holder.locks.inspect(frozen.name)
    return holders.every(({ remainingMs }) => remainingMs <= 0)
  })
  await proxy.heal()
  await (await frozen.waiting[0])?.release()
  for (let i = 0; i < 2; i += 1) {
    const { waiting } = await heldAndWaitedFor(holder, [waiter], 1_000)
    await servers.primary.ask('FLUSHALL')
    await (await waiting[0])?.release()
  }
  await until('it is handed over', async () => await isHandedOver(holder, waiter))
  expect(waiter.links).toEqual([proxy.port])
})

it('moves its link whenever the client has connected anew and the new server does not count it: two failovers', async () => {
  const all = await Promise.all([join(), join(), join()])
  const [holder, ...waiters] = all
  await goAround(holder, waiters)
  for (let i = 0; i < 2; i += 1) {
    const next = replica()
    await servers.demote(next)
    for (const each of all) {
      each.linksTo = next.port
      await each.connectTo(next.port)
    }
    // Without any wait.
    await until('all are counted', async () => {
      const channels = (await next.ask('PUBSUB', 'CHANNELS')) as readonly string[]
      return channels.length === all.length
    })
    for (const { links } of waiters) expect(links.at(-1)).toBe(next.port)
    await goAround(holder, waiters)
  }
  for (const { links } of waiters) expect(links).toHaveLength(3)
  // A reconnect to the same server moves nothing.
  await Promise.all(waiters.map((each) => each.connectTo(servers.primary.port)))
  await goAround(holder, waiters)
  for (const { links } of waiters) expect(links).toHaveLength(3)
})

it('takes places that are not passed over where counts are always 0, also by the others', async () => {
  // Subscriptions behind this address always lead to a replica: the primary counts none, and every push arrives.
  const all = await Promise.all([1, 2, 3].map(() => join({ linksTo: replica().port })))
  const [one, two, three] = all as [Process, Process, Process]
  await goAround(one, [two, three])
  await goAround(two, [three, one])
  await goAround(three, [one, two])
  for (const [holder, waiter] of [
    [one, two],
    [two, three],
    [three, one],
  ] as const) {
    await until('it is handed over', async () => await isHandedOver(holder, waiter))
  }
  const opened = all.map(({ links }) => links.length)
  await goAround(one, [two, three])
  await goAround(two, [three, one])
  // Once this is known, no further move is tried.
  expect(all.map(({ links }) => links.length)).toEqual(opened)
  expect(Math.max(...opened)).toBe(2)
})

it('counts nothing without the right to count: no waiter is passed over, and no link is moved', async () => {
  const user = ['ACL', 'SETUSER', 'default']
  await ask(servers.primary.address, ...user, '-pubsub')
  onTestFinished(async () => void (await ask(servers.primary.address, ...user, '+pubsub')))
  const [holder, waiter] = [await join(), await join()]
  expect(await isHandedOver(holder, waiter)).toBe(true)
  await waiter.connectTo(servers.primary.port)
  await goAround(holder, [waiter])
  expect(waiter.links).toHaveLength(1)
})

it('costs nothing extra without faults: five commands for two leases, one of them handed over', async () => {
  const [holder, waiter] = [await join(), await join()]
  await goAround(holder, [waiter])
  await goAround(holder, [waiter])
  const name = freshName()
  holder.sent = 0
  waiter.sent = 0
  const held = await holder.locks.acquire(name)
  const next = waiter.locks.acquire(name, { waitMs: 600_000 })
  await until('it waits', async () => {
    const { waiting } = await holder.locks.inspect(name)
    holder.sent -= 1
    return waiting === 1
  })
  await held.release()
  await (await next).release()
  // Acquired, queued, released to the next, claimed, released.
  expect([holder.sent, waiter.sent]).toEqual([2, 3])
})
