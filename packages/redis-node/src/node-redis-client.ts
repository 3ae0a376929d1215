import { HoldfastError, InvalidArgumentError, StorageUnavailableError } from '@holdfast/core'
import { type Command, type RedisClient, followState, keySlot } from '@holdfast/redis-protocol'
import { offline, openLink, openLinkToMaster, plain } from './node-redis-link.ts'
import type {
  CommandOptions,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisPool,
  NodeRedisSentinel,
  NodeRedisSingle,
} from './node-redis-types.ts'
import { takeBackUnwritten } from './unwritten.ts'

type Commands = Pick<RedisClient, 'cluster' | 'send' | 'masters' | 'openLink' | 'sharded' | 'onReconnected'>

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
    // It tells of a member only that it broke. Another connection of it follows.
    onReconnected: (listener) => listenTo(client, 'error', listener),
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
    openLink: (events) => openLinkToMaster(client, events),
  }
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
      if (master === undefined) throw offline()
      return await openLink(await client.nodeClient(master), events)
    },
    onReconnected: (listener) => listenTo(client, 'node-ready', listener),
    sharded: {
      subscribe: (channel, onMessage) => client.sSubscribe(channel, onMessage),
      unsubscribe: (channel, onMessage) => client.sUnsubscribe(channel, onMessage),
      onRestored: (listener) => listenTo(client, 'node-ready', listener),
    },
  }
}

function listenTo(client: NodeRedisPool | NodeRedisCluster, event: string, listener: () => void): () => void {
  const heard = (): void => listener()
  client.on(event, heard)
  return () => void client.off(event, heard)
}

/** node-redis does not change its arguments, but some of its types do not say so. */
function mutable(args: Command): string[] {
  return args as readonly string[] as string[]
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
        "Give it a client without, and Holdfast's own prefix: createHoldfast({ prefix }).",
    )
  }
}
