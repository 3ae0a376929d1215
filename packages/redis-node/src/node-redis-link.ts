import { type Command, type LinkEvents, type RedisLink, openInTime } from '@holdfast/redis-protocol'
import type {
  MasterAddress,
  NodeRedisConnection,
  NodeRedisSentinel,
  NodeRedisSingle,
} from './node-redis-types.ts'

/**
 * Replies as strings, whatever the client maps them to; and no timer for each command, which takes four fifths of
 * node-redis 6's throughput: core has a deadline of its own.
 */
export const plain = { typeMapping: {}, timeout: 0 }

/** What node-redis says when it sent nothing, for when no node is known that anything could be sent to. */
export function offline(): Error {
  return new Error('The client is offline')
}

/** A connection like the one of `from`, to the same server, which does not reconnect. */
export async function openLink(from: NodeRedisSingle, events: LinkEvents): Promise<RedisLink> {
  return (await connectLike(from, events)).link
}

/**
 * A connection to the master that the sentinels name, which is lost with it.
 *
 * A sentinel client restores its own subscriptions without telling that they were interrupted, and sends what a link
 * sends, such as its heartbeat, on another connection than they are on. So the link is a plain connection, made like
 * the one that the client has to the master.
 */
export async function openLinkToMaster(client: NodeRedisSentinel, events: LinkEvents): Promise<RedisLink> {
  const at = client.getMasterNode()
  // Without a connection to the master the client would look for one for as long as it takes.
  if (at === undefined) throw offline()
  let overtaken = false
  let lost = (): void => void (overtaken = true)
  const onChange = (change: unknown): void => {
    if (isOtherMaster(change as TopologyChange, at)) lost()
  }
  const stop = (): void => void client.off('topology-change', onChange)
  client.on('topology-change', onChange)
  try {
    const master = await client._execute(false, async (connected) => connected)
    const opened = await connectLike(master, {
      message: events.message,
      lost() {
        stop()
        events.lost()
      },
    })
    if (overtaken) {
      opened.link.close()
      throw offline()
    }
    lost = opened.lost
    const close = (): void => {
      stop()
      opened.link.close()
    }
    return { ...opened.link, close }
  } catch (error) {
    stop()
    throw error
  }
}

interface TopologyChange {
  readonly type: string
  readonly node?: MasterAddress
}

/** It is told as well when the client has connected anew to the same master, which the link outlives. */
function isOtherMaster({ type, node }: TopologyChange, at: MasterAddress): boolean {
  return type === 'MASTER_CHANGE' && (node?.host !== at.host || node.port !== at.port)
}

interface OpenLink {
  readonly link: RedisLink
  /** Ends it, and says that it is lost. */
  readonly lost: () => void
}

async function connectLike(from: NodeRedisSingle, events: LinkEvents): Promise<OpenLink> {
  // Its pings would keep the process alive; who needs them sends them.
  const own = from.duplicate({
    socket: { ...from.options?.socket, reconnectStrategy: false },
    pingInterval: 0,
  })
  own.unref()
  const opened = linkOn(own, events)
  // Without a listener of its own, a lost connection would end the process. Before it is open, connect() says it.
  let open = false
  own.on('error', () => {
    if (open) opened.lost()
  })
  await openInTime(own.connect(), () => own.destroy())
  open = true
  return opened
}

function linkOn(own: NodeRedisConnection, events: LinkEvents): OpenLink {
  const onMessage = (payload: unknown, channel: unknown): void =>
    events.message(String(channel), String(payload))
  let ended = false
  const end = (): boolean => {
    if (ended) return false
    ended = true
    if (own.isOpen) own.destroy()
    return true
  }
  return {
    link: {
      send: (args: Command) => own.sendCommand(args, plain),
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
    },
    lost() {
      if (end()) events.lost()
    },
  }
}
