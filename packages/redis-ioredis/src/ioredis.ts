import { HoldfastError, type Storage } from '@holdfast/core'
import {
  type Command,
  type Corkable,
  type DedicatedConnectionEvents as Events,
  type Emitter,
  type RedisClient,
  channelListeners,
  connectionOf,
  corkTick,
  keySlot,
  onEvents,
  openDedicated,
  redisStorage,
  refuseIf,
  reportErrors,
} from '@holdfast/redis-protocol'

// #region storage
/**
 * A Holdfast storage on your ioredis client, version 5 or 6: `new Redis(…)` (with `sentinels` or without) or
 * `new Cluster(…)`. Closing the storage leaves the client open.
 *
 * Beside your client it opens, when first needed, one connection to subscribe on, and one to send writes on that wait
 * for replicas (in a cluster: one for each slot of those).
 *
 * @throws InvalidArgumentError for a client with `keyPrefix` or `scaleReads`.
 */
export function ioredisStorage(client: IoredisClient): Storage {
  return redisStorage(ioredisClient(client))
}

// #endregion

/** Makes an ioredis client serve the Redis client port. */
export function ioredisClient(client: IoredisClient): RedisClient {
  assertSupported(client)
  const followed = connectionOf(client, ['ready', 'close', 'end'], {
    // A lazy client connects at its first command, so it must get one.
    isReady: () => client.status === 'ready' || client.status === 'wait',
    problem: () => (client.status === 'end' ? new HoldfastError('CLIENT_CLOSED', ENDED) : undefined),
  })
  const reporting = reportErrors(client, '[ioredis] Unhandled error event:')
  return {
    connection: followed.connection,
    ...('nodes' in client ? clusterCommands(client) : singleCommands(client)),
    detach() {
      followed.detach()
      reporting.detach()
    },
  }
}

const ENDED =
  'The ioredis client has ended: quit() or disconnect() was called, or its retryStrategy gave up. Give Holdfast one that is alive.'

type Commands = Omit<RedisClient, 'connection' | 'detach'>

function singleCommands(client: IoredisSingle): Commands {
  return {
    address: () => client.options.host,
    send: sendThrough(
      client,
      corkTick(() => [client.stream]),
    ),
    openConnection: (events) => connectLike(client, events),
  }
}

function clusterCommands(client: IoredisCluster): Commands {
  const masters = (): readonly IoredisNode[] => client.nodes('master')
  const connectTo = async (events: Events, address?: string) => {
    const all = masters()
    const node =
      all.find((master) => addressOf(master) === address) ?? all[Math.floor(Math.random() * all.length)]
    if (node === undefined) throw new Error('The client is offline') // no node is known: nothing was sent
    return await connectLike(node, events)
  }
  return {
    send: sendThrough(
      client,
      corkTick(() => masters().map(({ stream }) => stream)),
    ),
    openConnection: (events) => connectTo(events),
    cluster: {
      masters: async () =>
        masters().map((node) => ({
          name: addressOf(node),
          send: ([name, ...args]) => node.call(name, args),
        })),
      openConnectionTo: (key, events) => connectTo(events, client.slots[keySlot(key)]?.[0]),
    },
    ...(client.options.shardedSubscribers === true && {
      sharded: {
        ...channelListeners(
          client,
          'smessage',
          (channel) => client.ssubscribe(channel),
          (channel) => client.sunsubscribe(channel),
        ),
        onRestored: (listener) => onEvents(client, ['subscribersReady', '+subscriber'], () => listener()),
      },
    }),
    onReconnected: (listener) => onEvents(client, ['+node'], () => listener()),
  }
}

/**
 * Names go in lower case: before 5.5 a cluster finds the key only in such a command. It would send another to any node,
 * which sends it on, so that commands overtake each other.
 */
function sendThrough(client: IoredisClient, beforeSending: () => void): RedisClient['send'] {
  return (command) => {
    const name = command[0].toLowerCase()
    const args = command.slice(1)
    if (client.status === 'wait') return client.connect().then(() => client.call(name, args))
    beforeSending()
    return client.call(name, args)
  }
}

function connectLike(from: IoredisNode, events: Events): ReturnType<RedisClient['openConnection']> {
  const own = from.duplicate({
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    enableAutoPipelining: false,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    failoverDetector: false, // it would keep connections to the sentinels
  })
  own.on('error', () => {}) // 'end' follows
  own.on('connect', () => own.stream?.unref()) // before the handshake, which a frozen server never ends
  own.on('message', (channel, payload) => events.message(String(channel), String(payload)))
  const onLost = (lost: () => void): void => void own.on('end', lost)
  // In lower case: before 5.5 ioredis does not know PING otherwise, which a subscriber may send.
  const send = ([name, ...args]: Command): Promise<unknown> => own.call(name.toLowerCase(), args)
  return openDedicated(own, { onLost, send }, events)
}

function addressOf({ options }: IoredisNode): string {
  return `${options.host}:${options.port}`
}

function assertSupported(client: IoredisClient): void {
  refuseIf(
    typeof client?.call !== 'function' || typeof client.status !== 'string',
    'ioredisStorage() takes an ioredis client: new Redis(…) or new Cluster(…).',
  )
  const options: IoredisCluster['options'] = client.options
  refuseIf(
    options.keyPrefix || options.redisOptions?.keyPrefix,
    'Holdfast cannot use an ioredis client with keyPrefix, which ioredis does not put before channels. ' +
      "Give it a client without, and Holdfast's own prefix: createHoldfast({ prefix }).",
  )
  refuseIf(
    options.scaleReads !== undefined && options.scaleReads !== 'master',
    'Holdfast cannot use an ioredis cluster with scaleReads: replicas answer with what was true before. ' +
      'Give it a client of its own without that option.',
  )
}

/**
 * The shape of an ioredis client, 5 or 6, as far as Holdfast uses it: any copy of the library fits.
 * `test/types.test-d.ts` holds the real classes against it.
 */
export type IoredisClient = IoredisSingle | IoredisCluster

/** `new Redis(…)`, with `sentinels` or without. */
export interface IoredisSingle extends IoredisCommon, IoredisNode {
  readonly options: { readonly keyPrefix?: string | undefined; readonly host?: string | undefined }
}

/** `new Cluster(…)`. */
export interface IoredisCluster extends IoredisCommon {
  readonly options: {
    readonly keyPrefix?: string | undefined
    readonly redisOptions?: { readonly keyPrefix?: string | undefined } | undefined
    readonly scaleReads?: unknown
    readonly shardedSubscribers?: boolean | undefined
  }
  /** For each slot the addresses that serve it, the master first. */
  readonly slots: readonly (readonly string[] | undefined)[]
  nodes(role: 'master'): IoredisNode[]
  ssubscribe(channel: string): Promise<unknown>
  sunsubscribe(channel: string): Promise<unknown>
}

/** A node of a cluster. */
interface IoredisNode {
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined }
  readonly stream?: Corkable | undefined
  call(command: string, args: string[]): Promise<unknown>
  duplicate(override: object): IoredisConnection
}

/** A connection of our own. */
interface IoredisConnection extends IoredisCommon {
  readonly stream?: { unref(): unknown } | undefined
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  disconnect(): void
}

interface IoredisCommon extends Emitter {
  readonly status: string
  call(command: string, args: string[]): Promise<unknown>
  connect(): Promise<unknown>
  listeners(event: string): readonly unknown[]
}
