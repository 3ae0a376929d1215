import { HoldfastError, type Storage } from '@holdfast/core'
import {
  type Command,
  type Corkable,
  type DedicatedConnection,
  type DedicatedConnectionEvents as Events,
  type Emitter,
  type RedisClient,
  channelListeners,
  connectionOf,
  corkTick,
  deliver,
  keySlot,
  onEvents,
  openDedicated,
  redisStorage,
  refuseIf,
} from '@holdfast/redis-protocol'

/**
 * A Holdfast storage on your ioredis client, version 5 or 6: `new Redis(…)` (with `sentinels` or without) or
 * `new Cluster(…)`. Closing the storage leaves the client open.
 *
 * Beside your client it opens, when first needed, one connection to subscribe on, and one to send writes on that wait
 * for replicas (in a cluster: one for each slot of those).
 *
 * @throws InvalidArgumentError for options, which `createHoldfast` takes, and for a client with `keyPrefix` or `scaleReads`.
 */
export function ioredisStorage(client: IoredisClient): Storage
export function ioredisStorage(client: IoredisClient, options?: unknown): Storage {
  // An index, as `clients.map(ioredisStorage)` passes it, is none.
  refuseIf(
    typeof options === 'object',
    'ioredisStorage() takes a client and no options: createHoldfast({ storage, callTimeoutMs, maxPendingCalls }) takes those.',
  )
  return redisStorage(ioredisClient(client))
}

/** Makes an ioredis client serve the Redis client port. */
export function ioredisClient(client: IoredisClient): RedisClient {
  assertSupported(client)
  return {
    ...connectionOf(client, ['ready', 'close', 'end'], {
      // A lazy client connects at its first command, so it must get one.
      isReady: () => client.status === 'ready' || client.status === 'wait',
      problem: () => (client.status === 'end' ? new HoldfastError('CLIENT_CLOSED', ENDED) : undefined),
      printsUnheard: '[ioredis] Unhandled error event:',
    }),
    ...('nodes' in client ? clusterCommands(client) : singleCommands(client)),
  }
}

const ENDED =
  'The ioredis client has ended: quit() or disconnect() was called, or its retryStrategy gave up. Give Holdfast one that is alive.'

type Commands = Omit<RedisClient, 'connection' | 'detach'>

function singleCommands(client: IoredisSingle): Commands {
  return {
    address: () => client.options.host,
    ...sendThrough(client, () => [client.stream]),
    openConnection: (events) => connectLike(client, events),
  }
}

function clusterCommands(client: IoredisCluster): Commands {
  const connectTo = async (events: Events, address?: string) => {
    const all = client.nodes('master')
    const node =
      all.find((master) => addressOf(master) === address) ?? all[Math.floor(Math.random() * all.length)]
    if (node === undefined) throw new Error('The client is offline') // no node is known: nothing was sent
    return await connectLike(node, events)
  }
  return {
    ...sendThrough(client, () => client.nodes('master').map(({ stream }) => stream)),
    openConnection: (events) => connectTo(events),
    cluster: {
      masters: async () =>
        client
          .nodes('master')
          .map((node) => ({ name: addressOf(node), send: (command) => call(node, command) })),
      names: () => client.nodes('master').map(addressOf),
      ownerOf: (slot) => client.slots[slot]?.[0],
      openConnectionTo: (key, events) => connectTo(events, client.slots[keySlot(key)]?.[0]),
    },
    ...(client.options.shardedSubscribers === true && {
      sharded: {
        ...channelListeners(client, 'smessage', {
          subscribe: (channel) => client.ssubscribe(channel),
          unsubscribe: (channel) => client.sunsubscribe(channel),
        }),
        onRestored: (listener) => onEvents(client, ['subscribersReady', '+subscriber'], () => listener()),
      },
    }),
    onReconnected: (listener) => onEvents(client, ['+node'], () => listener()),
  }
}

function sendThrough(
  client: IoredisClient,
  sockets: () => (Corkable | undefined)[],
): Pick<RedisClient, 'send' | 'sendForBytes'> {
  const cork = corkTick(sockets)
  const through =
    (send: typeof callForBytes): RedisClient['send'] =>
    (command) => {
      if (client.status === 'wait') return client.connect().then(() => send(client, command))
      cork()
      return send(client, command)
    }
  return { send: through(call), sendForBytes: through(callForBytes) }
}

/**
 * Names go in lower case. Before 5.5 a cluster finds the key only in such a command: it would send another to any node,
 * which sends it on, so that commands overtake each other. And ioredis does not know PING otherwise, which a subscriber
 * may send.
 */
function call(client: Pick<IoredisCommon, 'call'>, command: Command): Promise<unknown> {
  const [name] = command
  return client.call((lowerCase[name] ??= name.toLowerCase()), command.slice(1))
}

/** Always the same text for a name: ioredis looks it up in many a table, and V8 would have to intern each new one first. */
const lowerCase: Record<string, string> = {}

/** By the command's own method: with `enableAutoPipelining`, callBuffer() sends the arguments without the name. */
function callForBytes(client: IoredisClient, [name, ...args]: Command): Promise<unknown> {
  const command = name.toLowerCase()
  const own = (client as unknown as Record<string, IoredisClient['callBuffer'] | undefined>)[
    `${command}Buffer`
  ]
  return own === undefined ? client.callBuffer(command, args) : Reflect.apply(own, client, args)
}

async function connectLike(from: IoredisNode, events: Events): Promise<DedicatedConnection> {
  const own = from.duplicate({
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    enableAutoPipelining: false,
    // It asks for INFO, which says no more than an error would, unless sentinels say which server is the primary.
    ...(!from.options.sentinels && { enableReadyCheck: false }),
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    failoverDetector: false, // it would keep connections to the sentinels
    protocol: 2, // in RESP3, version 6 drops what the server itself sends to a subscriber
    replyMapping: 'legacy', // any other is refused with this protocol
  })
  own.on('error', () => {}) // 'end' follows
  own.on('connect', () => {
    own.stream?.unref() // before the handshake, which a frozen server never ends
    // A link hears of every write. Where only ioredis listens, which Node does not notice, it stores each piece and reads
    // it again in another tick.
    if (events.invalidated !== undefined) own.stream?.once('data', () => {})
  })
  own.on('messageBuffer', (channel, payload) => deliver(events, channel, payload))
  return await openDedicated(own, events, {
    onLost: (lost) => own.on('end', lost),
    send: (command) => call(own, command),
  })
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
      'Give Holdfast a separate client without that option.',
  )
}

/**
 * The shape of an ioredis client, 5 or 6, as far as Holdfast uses it: any copy of the library fits.
 * `test/types.test-d.ts` holds the real classes against it.
 */
export type IoredisClient = IoredisSingle | IoredisCluster

/** `new Redis(…)`, with `sentinels` or without. */
export type IoredisSingle = IoredisCommon & IoredisNode

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

/** What a node of a cluster has in common with a single client. */
interface IoredisNode extends Pick<IoredisCommon, 'call'> {
  readonly options: {
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly sentinels?: unknown
  }
  readonly stream?:
    | (Corkable & { unref(): unknown; once(event: 'data', listener: () => void): unknown })
    | undefined
  duplicate(override: object): IoredisConnection
}

/** A connection that Holdfast opened. */
interface IoredisConnection extends IoredisSingle {
  subscribe(channel: string): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  disconnect(): void
}

interface IoredisCommon extends Emitter {
  readonly status: string
  readonly options: { readonly keyPrefix?: string | undefined }
  call(command: string, args: (string | Buffer)[]): Promise<unknown>
  callBuffer(command: string, args: (string | Buffer)[]): Promise<unknown>
  connect(): Promise<unknown>
}
