import {
  HoldfastError,
  InvalidArgumentError,
  StorageRefusedError,
  StorageUnavailableError,
} from '@holdfast/core'
import {
  type Command,
  type LinkEvents,
  type RedisClient,
  type RedisLink,
  followState,
  keySlot,
} from '@holdfast/redis-protocol'
import type {
  CommandOptions,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisConnection,
  NodeRedisPool,
  NodeRedisSentinel,
  NodeRedisSentinelConnection,
  NodeRedisSingle,
} from './node-redis-types.ts'
import { takeBackUnwritten } from './unwritten.ts'

/**
 * Replies as strings, whatever the client maps them to; and no timer for each command, which takes four fifths of
 * node-redis 6's throughput: core has a deadline of its own.
 */
const plain = { typeMapping: {}, timeout: 0 }

type Commands = Pick<RedisClient, 'cluster' | 'send' | 'masters' | 'openLink' | 'sharded'>

/** Makes a node-redis client serve the Redis client port. node-redis sends the commands of one tick in one write. */
export function nodeRedisClient(client: NodeRedisClient): RedisClient {
  refuseUnfit(client)
  const events = ['ready', 'reconnecting', 'connect', 'disconnect', 'open', 'end', 'close']
  const following = followState(client, events, {
    state: () => (isReady(client) ? 'ready' : 'down'),
    problem: () => (client.isOpen ? undefined : notConnected()),
  })
  const { abortSignal, detach } = takeBackUnwritten(client)
  return {
    ...following,
    ...commandsOf(client, { ...plain, abortSignal }),
    detach() {
      following.detach()
      detach()
    },
  }
}

/** A pool does not say whether its connections are up; its commands wait for one that is. */
function isReady(client: NodeRedisClient): boolean {
  return 'isReady' in client ? client.isReady : client.isOpen && !client.isClosing
}

function notConnected(): HoldfastError {
  return new HoldfastError(
    'CLIENT_NOT_CONNECTED',
    'The node-redis client is not open: call `await client.connect()` once before Holdfast is used, and close it after.',
  )
}

function commandsOf(client: NodeRedisClient, options: CommandOptions): Commands {
  if (isCluster(client)) return clusterCommands(client)
  if (isPool(client)) return poolCommands(client, options)
  return isSentinel(client) ? sentinelCommands(client, options) : singleCommands(client, options)
}

function singleCommands(client: NodeRedisSingle, options: CommandOptions): Commands {
  const send = (args: Command): Promise<unknown> => client.sendCommand(args, options)
  return {
    cluster: false,
    send,
    masters: async () => [{ name: 'the Redis server', send }],
    openLink: (events) => openLink(client, events),
  }
}

function poolCommands(client: NodeRedisPool, options: CommandOptions): Commands {
  const send = (args: Command): Promise<unknown> => client.sendCommand(mutable(args), options)
  return {
    cluster: false,
    send,
    masters: async () => [{ name: 'the Redis server', send }],
    openLink: async (events) => await openLink(await client.execute((member) => member), events),
  }
}

function sentinelCommands(client: NodeRedisSentinel, options: CommandOptions): Commands {
  const send = (args: Command): Promise<unknown> => client.sendCommand(false, mutable(args), options)
  return {
    cluster: false,
    send,
    masters: async () => {
      const node = client.getMasterNode()
      return [{ name: node === undefined ? 'the master' : `${node.host}:${node.port}`, send }]
    },
    openLink: async (events) => {
      if (client.duplicate === undefined) return subscriptionsOf(client, events)
      const own = client.duplicate({ masterPoolSize: 1, replicaPoolSize: 0 })
      const { link, lost } = linkOn(own, (args) => own.sendCommand(false, mutable(args), plain), events)
      own.on('error', () => {}) // of any node: it says nothing about this connection
      await own.connect().catch((error: unknown) => {
        link.close()
        throw error
      })
      // It would follow the new master by itself, but without telling when.
      own.on('topology-change', (change) => {
        if (isOtherMaster(change)) lost()
      })
      return link
    },
  }
}

/** node-redis 5 opens no second connection to what sentinels watch, but keeps one of its own to subscribe on. */
function subscriptionsOf(client: NodeRedisSentinel, events: LinkEvents): RedisLink {
  const channels = new Set<string>()
  const onMessage = (payload: unknown, channel: unknown): void =>
    events.message(String(channel), String(payload))
  const onChange = (change: unknown): void => {
    if (!isOtherMaster(change)) return
    close()
    events.lost()
  }
  const close = (): void => {
    client.off('topology-change', onChange)
    for (const channel of channels) client.unsubscribe(channel, onMessage).catch(() => {})
    channels.clear()
  }
  client.on('topology-change', onChange)
  return {
    send: () =>
      Promise.reject(
        new StorageRefusedError('Waiting for replicas behind sentinels needs redis 6 or ioredis.'),
      ),
    async subscribe(channel) {
      channels.add(channel)
      await client.subscribe(channel, onMessage)
    },
    async unsubscribe(channel) {
      channels.delete(channel)
      await client.unsubscribe(channel, onMessage)
    },
    close,
  }
}

function isOtherMaster(change: unknown): boolean {
  return typeof change === 'object' && change !== null && 'type' in change && change.type === 'MASTER_CHANGE'
}

function clusterCommands(client: NodeRedisCluster): Commands {
  const nodeOf = (key: string): NodeRedisSingle | undefined =>
    client.slots[keySlot(key)]?.master.client as NodeRedisSingle | undefined
  return {
    cluster: true,
    async send(args, key) {
      // The cluster says that it is ready while a master is not, and would queue the command for minutes.
      const node = key === undefined ? undefined : nodeOf(key)
      if (node?.isReady === false) {
        throw new StorageUnavailableError('The master of the key is not connected.', { maybeApplied: false })
      }
      return await client.sendCommand(key, false, mutable(args), plain)
    },
    masters: async () =>
      await Promise.all(
        client.masters.map(async (master) => {
          const node = await client.nodeClient(master)
          return { name: master.address, send: (args: Command) => node.sendCommand(args, plain) }
        }),
      ),
    openLink: async (events, key) => {
      const shard = key === undefined ? undefined : client.slots[keySlot(key)]
      const master = shard?.master ?? client.masters[Math.floor(Math.random() * client.masters.length)]
      if (master === undefined) throw new Error('The client is offline') // no node is known: nothing was sent
      return await openLink(await client.nodeClient(master), events)
    },
    sharded: {
      subscribe: (channel, onMessage) => client.sSubscribe(channel, onMessage),
      unsubscribe: (channel, onMessage) => client.sUnsubscribe(channel, onMessage),
      onRestored(listener) {
        client.on('node-ready', listener)
        return () => client.off('node-ready', listener)
      },
    },
  }
}

/** node-redis does not change its arguments, but some of its types do not say so. */
function mutable(args: Command): string[] {
  return args as readonly string[] as string[]
}

async function openLink(from: NodeRedisSingle, events: LinkEvents): Promise<RedisLink> {
  const own = from.duplicate({ socket: { ...from.options?.socket, reconnectStrategy: false } })
  const { link, lost } = linkOn(own, (args) => own.sendCommand(args, plain), events)
  // Without a listener of its own, a lost connection would end the process. Before it is open, connect() says it.
  let open = false
  own.on('error', () => {
    if (open) lost()
  })
  await own.connect()
  open = true
  return link
}

function linkOn(
  own: NodeRedisConnection | NodeRedisSentinelConnection,
  send: (args: Command) => Promise<unknown>,
  events: LinkEvents,
): { readonly link: RedisLink; readonly lost: () => void } {
  const onMessage = (payload: unknown, channel: unknown): void =>
    events.message(String(channel), String(payload))
  let ended = false
  const end = (): boolean => {
    if (ended) return false
    ended = true
    if (own.isOpen) Promise.resolve(own.destroy()).catch(() => {})
    return true
  }
  const link: RedisLink = {
    send,
    async subscribe(channel) {
      if (ended) throw new Error('The client is closed') // it would never be answered
      await own.subscribe(channel, onMessage)
    },
    async unsubscribe(channel) {
      await own.unsubscribe(channel, onMessage)
    },
    close() {
      end()
    },
  }
  const lost = (): void => {
    if (end()) events.lost()
  }
  return { link, lost }
}

function isCluster(client: NodeRedisClient): client is NodeRedisCluster {
  return 'nodeClient' in client
}

function isPool(client: NodeRedisClient): client is NodeRedisPool {
  return 'execute' in client
}

function isSentinel(client: NodeRedisClient): client is NodeRedisSentinel {
  return 'getMasterNode' in client
}

function refuseUnfit(client: NodeRedisClient): void {
  // It has a sendCommand() as well, which takes something else.
  if (client && 'call' in client && 'callBuffer' in client && !('isReady' in client)) {
    throw new InvalidArgumentError(
      'nodeRedisStorage() takes a node-redis client, and this is one of ioredis: use ioredisStorage(client) of @holdfast/redis-ioredis.',
    )
  }
  if (typeof client?.sendCommand !== 'function' || typeof client.on !== 'function') {
    throw new InvalidArgumentError(
      'nodeRedisStorage() takes a node-redis client: of createClient(), createClientPool(), createSentinel() or createCluster().',
    )
  }
  if (client.listenerCount('error') === 0) {
    throw new InvalidArgumentError(
      "The node-redis client has no 'error' listener: the loss of a connection would end this process. " +
        "Add one before: client.on('error', (error) => log(error)).",
    )
  }
  if (isCluster(client) && !('isReady' in client)) {
    throw new InvalidArgumentError(
      'A cluster needs redis 6.2 or newer, or ioredis: before, it does not say whether it is ready, and one of version ' +
        '5 never recovers from the loss of a master.',
    )
  }
  if ('options' in client && client.options?.keyPrefix) {
    throw new InvalidArgumentError(
      'Holdfast cannot use a node-redis client with keyPrefix, which does not apply to its commands. ' +
        "Give it a client without, and Holdfast's own prefix: nodeRedisStorage(client, { prefix }).",
    )
  }
}
