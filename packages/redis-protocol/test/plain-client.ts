import { once } from 'node:events'
import { ReplyParser, type RespValue, RespError, connectTo } from '@holdfast/test-support/resp'
import {
  type DedicatedConnection,
  type DedicatedConnectionEvents,
  type RedisClient,
  deliver,
} from '../src/index.ts'

export interface Login {
  readonly user: string
  readonly password: string
}

/**
 * The client port over plain sockets, to one server, as one user: no library is in between, so what a test sees is the
 * protocol's own doing. It does not reconnect.
 */
export async function openPlainClient(port: number, login?: Login): Promise<RedisClient> {
  const { send, close } = await openConnection(port, login, { message() {}, lost() {} })
  return {
    connection: { state: 'ready', onChange: () => () => {} },
    send,
    // What is stored here is text.
    sendForBytes: async (command) => await send(command).then(asBytes),
    address: () => `127.0.0.1:${port}`,
    openConnection: (events) => openConnection(port, login, events),
    detach: close,
  }
}

function asBytes(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(asBytes)
  return typeof reply === 'string' ? Buffer.from(reply) : reply
}

interface Waiter {
  readonly resolve: (reply: RespValue) => void
  readonly reject: (error: Error) => void
}

async function openConnection(
  port: number,
  login: Login | undefined,
  events: DedicatedConnectionEvents,
): Promise<DedicatedConnection> {
  const socket = connectTo({ port })
  const waiting: Waiter[] = []
  const parser = new ReplyParser()
  let isOpen = false
  socket.on('data', (chunk: Buffer) => {
    for (const { value } of parser.push(chunk)) {
      if (Array.isArray(value) && /^s?message$/.test(String(value[0]))) deliver(events, value[1], value[2])
      else if (value instanceof RespError) waiting.shift()?.reject(value)
      else waiting.shift()?.resolve(value)
    }
  })
  socket.on('error', () => {}) // 'close' follows
  socket.on('close', () => {
    for (const { reject } of waiting.splice(0)) reject(new Error('Socket closed unexpectedly'))
    if (isOpen) events.lost()
  })
  await once(socket, 'connect')

  const send: DedicatedConnection['send'] = (words) => {
    if (socket.destroyed) return Promise.reject(new Error('The client is closed'))
    const parts = words.flatMap((word) => [`$${Buffer.byteLength(word)}\r\n`, word, '\r\n'])
    socket.write(Buffer.concat([`*${words.length}\r\n`, ...parts].map((part) => Buffer.from(part as string))))
    return new Promise<RespValue>((resolve, reject) => waiting.push({ resolve, reject }))
  }
  if (login !== undefined) await send(['AUTH', login.user, login.password])
  isOpen = true
  return {
    send,
    async subscribe(channel) {
      await send(['SUBSCRIBE', channel])
    },
    async unsubscribe(channel) {
      await send(['UNSUBSCRIBE', channel])
    },
    close() {
      isOpen = false
      socket.destroy()
    },
  }
}
