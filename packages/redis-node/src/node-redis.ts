import { HoldfastError, type Storage, StorageUnavailableError } from '@holdfast/core'
import {
  type AbortEvents,
  type Command,
  type DedicatedConnection,
  type DedicatedConnectionEvents as Events,
  type Emitter,
  type RedisClient,
  abortUnsent,
  connectionOf,
  deliver,
  keySlot,
  onEvents,
  openDedicated,
  redisStorage,
  refuseIf,
} from '@holdfast/redis-protocol'

/**
 * A Holdfast storage on your node-redis client: what `createClient()`, `createClientPool()` or `createSentinel()` of
 * version 5 or 6 made, or `createCluster()` since 6.2. Connect it yourself; closing the storage leaves it open.
 *
 * Beside your client it opens, when first needed, one connection to subscribe on, and one to send writes on that wait
 * for replicas (in a cluster: one for each slot of those).
 *
 * @throws InvalidArgumentError for options, which `createHoldfast` takes, and for a client without `error` listener (the loss of a connection would end the process),
 * with `keyPrefix`, for an older cluster, or a client of ioredis.
 */
export function nodeRedisStorage(client: NodeRedisClient): Storage
export function nodeRedisStorage(client: NodeRedisClient, options?: unknown): Storage {
  // An index, as `clients.map(nodeRedisStorage)` passes it, is none.
  refuseIf(
    typeof options === 'object',
    'nodeRedisStorage() takes a client and no options: createHoldfast({ storage, callTimeoutMs, maxPendingCalls }) takes those.',
  )
  return redisStorage(nodeRedisClient(client))
}

/** Makes a node-redis client serve the Redis client port. node-redis sends the commands of one tick in one write. */
export function nodeRedisClient(client: NodeRedisClient): RedisClient {
  assertSupported(client)
  const followed = connectionOf(client, EVENTS, {
    // A pool does not say whether its connections are up; its commands wait for one that is.
    isReady: () => ('isReady' in client ? client.isReady : client.isOpen && !client.isClosing),
    problem: () => (client.isOpen ? undefined : new HoldfastError('CLIENT_NOT_CONNECTED', NOT_CONNECTED)),
  })
  const { abortSignal, detach } = abortUnsent(client)
  return {
    connection: followed.connection,
    ...withWholeText(client, commandsOf(client, { ...PLAIN, abortSignal }, { ...BYTES, abortSignal })),
    detach() {
      followed.detach()
      detach()
    },
  }
}

const EVENTS = ['ready', 'reconnecting', 'connect', 'disconnect', 'open', 'end', 'close']

const NOT_CONNECTED =
  'The node-redis client is not open: call `await client.connect()` once before Holdfast is used, and close it after.'

/**
 * Replies as strings, even where the client maps them to something else; and no timer for each command, which takes four
 * fifths of node-redis 6's throughput: core has a deadline for each call. Maps, whose type is the `%` (37) before them, as
 * arrays: an object loses the field `__proto__`.
 */
const PLAIN = { typeMapping: { 37: Array }, timeout: 0 }

/** The same with Buffers for strings, whose type is the `$` (36) before them. */
const BYTES = { ...PLAIN, typeMapping: { 36: Buffer, 37: Array } }

type Commands = Omit<RedisClient, 'connection' | 'detach'>

/**
 * Before 5.9 node-redis decodes each piece of a reply by itself, so that a character whose bytes arrive in two pieces is
 * lost (its issue 2993). From those clients Holdfast takes bytes, and decodes them when all are there.
 */
function withWholeText<T extends Pick<Commands, 'send' | 'sendForBytes'>>(
  client: NodeRedisClient,
  commands: T,
): T {
  if (decodesWholeText(client)) return commands
  return { ...commands, send: async (args, key) => textOf(await commands.sendForBytes(args, key)) }
}

/** `LATENCY RESET` came with 5.9 as well, and nothing else that can be seen. */
function decodesWholeText(client: NodeRedisClient): boolean {
  return 'latencyReset' in client
}

function textOf(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  return Array.isArray(reply) ? reply.map(textOf) : reply
}

function commandsOf(client: NodeRedisClient, plain: CommandOptions, bytes: CommandOptions): Commands {
  if ('nodeClient' in client) return clusterCommands(client)
  if ('execute' in client) {
    return {
      send: (args) => client.sendCommand(args, plain),
      sendForBytes: (args) => client.sendCommand(args, bytes),
      openConnection: async (events) => await connectLike(await client.execute((member) => member), events),
      // A pool reports that a member broke, and nothing of the connection that follows.
      onReconnected: (listener) => onEvents(client, ['error'], () => listener()),
    }
  }
  if ('getMasterNode' in client) {
    return {
      address: () => addressOf(client.getMasterNode()) ?? 'the master',
      send: (args) => client.sendCommand(false, args, plain),
      sendForBytes: (args) => client.sendCommand(false, args, bytes),
      openConnection: (events) => connectToMaster(client, events),
      onReconnected: (listener) => onMasterReconnected(client, listener),
    }
  }
  return {
    send: (args) => client.sendCommand(args, plain),
    sendForBytes: (args) => client.sendCommand(args, bytes),
    openConnection: (events) => connectLike(client, events),
  }
}

function clusterCommands(client: NodeRedisCluster): Commands {
  const connectTo = async (
    events: Events,
    master = client.masters[Math.floor(Math.random() * client.masters.length)],
  ): Promise<DedicatedConnection> => {
    if (master === undefined) throw new Error('The client is offline') // no master is known: nothing was sent
    return await connectLike(await client.nodeClient(master), events)
  }
  const onReady = (listener: () => void): (() => void) => onEvents(client, ['node-ready'], () => listener())
  const sendWith =
    (options: CommandOptions): RedisClient['send'] =>
    async (args, key) => {
      const node = key === undefined ? undefined : client.slots[keySlot(key)]?.master.client
      // The cluster says that it is ready while a master is not, and would queue the command for minutes.
      if ((node as NodeRedisSingle | undefined)?.isReady === false) {
        throw new StorageUnavailableError('The master of the key is not connected.', { maybeApplied: false })
      }
      return await client.sendCommand(key, false, args, options)
    }
  return {
    send: sendWith(PLAIN),
    sendForBytes: sendWith(BYTES),
    openConnection: (events) => connectTo(events),
    cluster: {
      masters: async () =>
        await Promise.all(
          client.masters.map(async (master) => {
            const node = await client.nodeClient(master)
            return { name: master.address, send: (args: Command) => node.sendCommand(args, PLAIN) }
          }),
        ),
      names: () => client.masters.map(({ address }) => address),
      ownerOf: (slot) => client.slots[slot]?.master.address,
      openConnectionTo: (key, events) => connectTo(events, client.slots[keySlot(key)]?.master),
    },
    sharded: {
      subscribe: (channel, onMessage) => client.sSubscribe(channel, onMessage),
      unsubscribe: (channel, onMessage) => client.sUnsubscribe(channel, onMessage),
      onRestored: onReady,
    },
    onReconnected: onReady,
  }
}

/**
 * A connection to the master that the sentinels name, which is lost with it.
 *
 * A sentinel client restores its own subscriptions without reporting that they were interrupted, and sends other commands,
 * such as a heartbeat, on another connection than they are on. So this is a plain connection, made like the one that the
 * client has to the master.
 */
async function connectToMaster(client: NodeRedisSentinel, events: Events): Promise<DedicatedConnection> {
  // Without a connection to the master the client would look for one for as long as it takes.
  if (client.getMasterNode() === undefined) throw new Error('The client is offline') // nothing was sent
  const [master, at] = await client._execute(
    false,
    async (connected) => [connected, addressOf(client.getMasterNode())] as const,
  )
  return await connectLike(master, events, (lost) => {
    if (addressOf(client.getMasterNode()) !== at) lost()
    return onEvents(client, ['topology-change'], (change) => {
      const { type, node } = change as { readonly type: string; readonly node?: MasterAddress }
      // The client reports also that it has connected anew to the same master, which this connection outlives.
      if (type === 'MASTER_CHANGE' && addressOf(node) !== at) lost()
    })
  })
}

/** A sentinel client does not report that its connection broke and leads to the same master again. */
function onMasterReconnected(client: NodeRedisSentinel, listener: () => void): () => void {
  let isOver = false
  let stopWatching: (() => void) | undefined
  const watch = (): void => {
    // Without a connection to the master the client would look for one for as long as it takes.
    if (client.getMasterNode() === undefined) return
    const watched = client._execute(false, async (master) => {
      stopWatching?.()
      if (!isOver) stopWatching = onEvents(master, ['error'], () => listener())
    })
    watched.catch(() => {}) // a change of the master follows
  }
  const stop = onEvents(client, ['topology-change'], (change) => {
    if ((change as { readonly type: string }).type !== 'MASTER_CHANGE') return
    listener()
    watch()
  })
  watch()
  return () => {
    isOver = true
    stop()
    stopWatching?.()
  }
}

/** With all that a client in RESP3 may have and one in RESP2 must not. */
const RESP2 = {
  RESP: 2,
  clientSideCache: undefined,
  emitInvalidate: false,
  maintNotifications: 'disabled',
} as const

/** A connection like the one of `from`, to the same server, which does not reconnect. */
async function connectLike(
  from: NodeRedisSingle,
  events: Events,
  watch?: (lost: () => void) => () => void,
): Promise<DedicatedConnection> {
  // Its pings would keep the process alive; the callers that need them send them.
  const socket = { ...from.options?.socket, reconnectStrategy: false }
  const own = from.duplicate({ ...RESP2, socket, pingInterval: 0 })
  own.unref()
  const onMessage = (payload: unknown, channel: unknown): void => deliver(events, channel, payload)
  let stop: (() => void) | undefined
  const connection = {
    connect: () => own.connect(),
    subscribe: (channel: string) => own.subscribe(channel, onMessage, true),
    unsubscribe: (channel: string) => own.unsubscribe(channel, onMessage, true),
    disconnect() {
      stop?.()
      if (own.isOpen) own.destroy()
    },
  }
  const onLost = (lost: () => void): void => {
    own.on('error', lost) // without a listener, a lost connection would end the process
    stop = watch?.(lost)
  }
  const commands = {
    send: (args: Command) => own.sendCommand(args, PLAIN),
    sendForBytes: (args: Command) => own.sendCommand(args, BYTES),
  }
  return await openDedicated(connection, events, { onLost, send: withWholeText(own, commands).send })
}

function addressOf(node: MasterAddress | undefined): string | undefined {
  return node && `${node.host}:${node.port}`
}

function assertSupported(client: NodeRedisClient): void {
  refuseIf(
    // It has a sendCommand() as well, which takes something else.
    client && 'call' in client && 'callBuffer' in client && !('isReady' in client),
    'nodeRedisStorage() takes a node-redis client, and this is one of ioredis: use ioredisStorage(client) of @holdfast/redis-ioredis.',
  )
  refuseIf(
    typeof client?.sendCommand !== 'function' || typeof client.on !== 'function',
    'nodeRedisStorage() takes a node-redis client: of createClient(), createClientPool(), createSentinel() or createCluster().',
  )
  refuseIf(
    client.listenerCount('error') === 0,
    "The node-redis client has no 'error' listener: the loss of a connection would end this process. " +
      "Add one before: client.on('error', (error) => log(error)).",
  )
  refuseIf(
    'nodeClient' in client && !('isReady' in client),
    'A cluster needs redis 6.2 or newer, or ioredis: before, it does not say whether it is ready, and one of version ' +
      '5 never recovers from the loss of a master.',
  )
  refuseIf(
    'options' in client && client.options?.keyPrefix,
    'Holdfast cannot use a node-redis client with keyPrefix, which does not apply to its commands. ' +
      "Give it a client without, and Holdfast's own prefix: createHoldfast({ prefix }).",
  )
}

/**
 * The shapes of node-redis clients, 5 and 6, as far as Holdfast uses them: any copy of the library fits.
 * `test/types.test-d.ts` holds the real clients against them.
 */
export type NodeRedisClient = NodeRedisSingle | NodeRedisPool | NodeRedisSentinel | NodeRedisCluster

/** `createClient(…)`. */
export interface NodeRedisSingle extends NodeRedisCommon {
  readonly isReady: boolean
  readonly options?: { readonly socket?: object | undefined; readonly keyPrefix?: unknown } | undefined
  sendCommand(args: readonly (string | Buffer)[], options?: CommandOptions): Promise<unknown>
  duplicate(overrides: {
    readonly RESP: 2
    readonly socket: object
    readonly pingInterval: number
  }): NodeRedisConnection
}

/** `createClientPool(…)`, `client.createPool(…)`. */
export interface NodeRedisPool extends NodeRedisCommon {
  readonly isClosing: boolean
  sendCommand(args: readonly (string | Buffer)[], options?: CommandOptions): Promise<unknown>
  execute<T>(task: (client: NodeRedisSingle) => T): Promise<Awaited<T>>
}

/** `createSentinel(…)`. */
export interface NodeRedisSentinel extends NodeRedisCommon {
  readonly isReady: boolean
  sendCommand(
    isReadonly: boolean,
    args: readonly (string | Buffer)[],
    options?: CommandOptions,
  ): Promise<unknown>
  /** The master as far as a connection to it is up. */
  getMasterNode(): MasterAddress | undefined
  /** Runs the task with the client's own connection to the master, which is not known otherwise. */
  _execute<T>(isReadonly: boolean, task: (master: NodeRedisSingle) => Promise<T>): Promise<T>
}

/** `createCluster(…)` since 6.2: before, there is no `isReady`. */
export interface NodeRedisCluster extends NodeRedisCommon {
  readonly isReady: boolean
  readonly masters: readonly ClusterNode[]
  readonly slots: readonly ({ readonly master: ClusterNode & { readonly client?: unknown } } | undefined)[]
  sendCommand(
    key: string | undefined,
    isReadonly: boolean,
    args: readonly (string | Buffer)[],
    options?: CommandOptions,
  ): Promise<unknown>
  nodeClient(node: ClusterNode): NodeRedisSingle | Promise<NodeRedisSingle>
  sSubscribe(channel: string, listener: (payload: string) => void): Promise<void>
  sUnsubscribe(channel: string, listener: (payload: string) => void): Promise<void>
}

/** A connection that Holdfast opened. */
interface NodeRedisConnection extends NodeRedisSingle {
  connect(): Promise<unknown>
  subscribe(channel: string, listener: MessageListener, bufferMode: true): Promise<unknown>
  unsubscribe(channel: string, listener: MessageListener, bufferMode: true): Promise<unknown>
  destroy(): unknown
  unref(): unknown
}

type MessageListener = (payload: unknown, channel: unknown) => void

interface NodeRedisCommon extends Emitter {
  readonly isOpen: boolean
  listenerCount(event: string): number
}

interface ClusterNode {
  readonly address: string
}

interface MasterAddress {
  readonly host: string
  readonly port: number
}

interface CommandOptions {
  readonly typeMapping?: object
  readonly timeout?: number
  readonly abortSignal?: AbortEvents
}
