import { HoldfastError, InvalidArgumentError } from '@holdfast/core'
import {
  type Command,
  type LinkEvents,
  type RedisClient,
  type RedisLink,
  type RedisNode,
  followState,
  keySlot,
  openInTime,
} from '@holdfast/redis-protocol'
import type {
  IoredisClient,
  IoredisCluster,
  IoredisConnection,
  IoredisNode,
  IoredisSingle,
} from './ioredis-types.ts'
import { fewWrites } from './few-writes.ts'
import { hearErrors } from './hear-errors.ts'

/** Makes an ioredis client serve the Redis client port. */
export function ioredisClient(client: IoredisClient): RedisClient {
  refuseUnfit(client)
  const following = followState(client, ['ready', 'close', 'end'], {
    // A lazy client connects at its first command, so it must get one.
    state: () => (client.status === 'ready' || client.status === 'wait' ? 'ready' : 'down'),
    problem: () => (client.status === 'end' ? ended() : undefined),
  })
  const hearing = hearErrors(client)
  const common = {
    connection: following.connection,
    detach() {
      following.detach()
      hearing.detach()
    },
  }
  return isCluster(client)
    ? { cluster: true, ...common, ...clusterCommands(client), ...shardedOf(client) }
    : { cluster: false, ...common, ...singleCommands(client) }
}

function ended(): HoldfastError {
  return new HoldfastError(
    'CLIENT_CLOSED',
    'The ioredis client has ended: quit() or disconnect() was called, or its retryStrategy gave up. Give Holdfast one that is alive.',
  )
}

function singleCommands(client: IoredisSingle): Pick<RedisClient, 'send' | 'masters' | 'openLink'> {
  const hold = fewWrites(() => [client.stream])
  const send = ([name, ...args]: Command): Promise<unknown> => {
    if (client.status === 'wait') return client.connect().then(() => client.call(name, args))
    hold()
    return client.call(name, args)
  }
  return {
    send,
    masters: async () => [{ name: client.options.host ?? 'the Redis server', send }],
    openLink: (events) => openLink(client, events),
  }
}

function clusterCommands(
  client: IoredisCluster,
): Pick<RedisClient, 'send' | 'masters' | 'openLink' | 'onReconnected'> {
  const hold = fewWrites(() => client.nodes('master').map((node) => node.stream))
  return {
    // The client finds the key in the command by itself: before 5.5 only if the name is in lower case. Otherwise it sends
    // the command to any node, which sends it on, so that commands overtake each other.
    send: ([upperCase, ...args]) => {
      const name = upperCase.toLowerCase()
      if (client.status === 'wait') return client.connect().then(() => client.call(name, args))
      hold()
      return client.call(name, args)
    },
    masters: async () => client.nodes('master').map(asNode),
    openLink: async (events, key) => {
      const masters = client.nodes('master')
      const address = key === undefined ? undefined : client.slots[keySlot(key)]?.[0]
      const node =
        masters.find((master) => addressOf(master) === address) ??
        masters[Math.floor(Math.random() * masters.length)]
      if (node === undefined) throw new Error('The client is offline') // no node is known: nothing was sent
      return await openLink(node, events)
    },
    onReconnected(listener) {
      const heard = (): void => listener()
      client.on('+node', heard)
      return () => void client.off('+node', heard)
    },
  }
}

function shardedOf(client: IoredisCluster): Pick<RedisClient, 'sharded'> {
  if (client.options.shardedSubscribers !== true) return {}
  const listeners = new Map<string, Set<(payload: string) => void>>()
  let dispatching = false
  const dispatch = (channel: unknown, payload: unknown): void => {
    for (const listener of listeners.get(String(channel)) ?? []) listener(String(payload))
  }
  return {
    sharded: {
      async subscribe(channel, onMessage) {
        if (!dispatching) client.on('smessage', dispatch)
        dispatching = true
        listeners.set(channel, (listeners.get(channel) ?? new Set()).add(onMessage))
        await client.ssubscribe(channel)
      },
      async unsubscribe(channel, onMessage) {
        const ofChannel = listeners.get(channel)
        if (!ofChannel?.delete(onMessage) || ofChannel.size > 0) return
        listeners.delete(channel)
        await client.sunsubscribe(channel)
      },
      onRestored(listener) {
        const events = ['subscribersReady', '+subscriber']
        for (const event of events) client.on(event, listener)
        return () => {
          for (const event of events) client.off(event, listener)
        }
      },
    },
  }
}

async function openLink(from: IoredisSingle | IoredisNode, events: LinkEvents): Promise<RedisLink> {
  const own: IoredisConnection = from.duplicate({
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    enableAutoPipelining: false,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    // It would keep connections to the sentinels.
    failoverDetector: false,
  })
  own.on('error', () => {}) // 'end' follows
  // Before the handshake, which a frozen server never ends.
  own.on('connect', () => own.stream?.unref())
  let open = true
  await openInTime(own.connect(), () => own.disconnect())
  own.on('message', (channel, payload) => events.message(String(channel), String(payload)))
  own.on('end', () => {
    if (open) events.lost()
  })
  return {
    // In lower case: before 5.5 ioredis does not know PING otherwise, which a subscriber may send.
    send: ([name, ...args]) => own.call(name.toLowerCase(), args),
    async subscribe(channel) {
      await own.subscribe(channel)
    },
    async unsubscribe(channel) {
      await own.unsubscribe(channel)
    },
    close() {
      open = false
      own.disconnect()
    },
  }
}

function asNode(node: IoredisNode): RedisNode {
  return { name: addressOf(node), send: ([name, ...args]) => node.call(name, args) }
}

function addressOf({ options }: IoredisNode): string {
  return `${options.host}:${options.port}`
}

function isCluster(client: IoredisClient): client is IoredisCluster {
  return 'nodes' in client
}

function refuseUnfit(client: IoredisClient): void {
  if (typeof client?.call !== 'function' || typeof client.status !== 'string') {
    throw new InvalidArgumentError(
      'ioredisStorage() takes an ioredis client: new Redis(…) or new Cluster(…).',
    )
  }
  const options: { keyPrefix?: string | undefined; scaleReads?: unknown; redisOptions?: object | undefined } =
    client.options
  if (
    options.keyPrefix ||
    (options.redisOptions && 'keyPrefix' in options.redisOptions && options.redisOptions.keyPrefix)
  ) {
    throw new InvalidArgumentError(
      'Holdfast cannot use an ioredis client with keyPrefix, which ioredis does not put before channels. ' +
        "Give it a client without, and Holdfast's own prefix: createHoldfast({ prefix }).",
    )
  }
  if (options.scaleReads !== undefined && options.scaleReads !== 'master') {
    throw new InvalidArgumentError(
      'Holdfast cannot use an ioredis cluster with scaleReads: replicas answer with what was true before. ' +
        'Give it a client of its own without that option.',
    )
  }
}
