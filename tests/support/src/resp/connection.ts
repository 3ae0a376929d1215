import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type Address, connectTo } from './address.ts'
import { ReplyParser, RespError, type RespValue } from './reply-parser.ts'

/**
 * A plain connection for tests: it sends one command and returns its reply.
 *
 * Holdfast does not support it as a client, so a test's own commands do not go through the code under test.
 */
export class RespConnection {
  readonly #socket: Socket
  readonly #waiting: PromiseWithResolvers<RespValue>[] = []

  private constructor(socket: Socket) {
    this.#socket = socket
    const parser = new ReplyParser()
    socket.on('data', (chunk: Buffer) => {
      for (const { value } of parser.push(chunk)) this.#settle(value)
    })
    socket.on('error', () => {}) // 'close' follows, and rejects the waiting commands
    socket.on('close', () => {
      for (const waiter of this.#waiting.splice(0))
        waiter.reject(new Error('the server closed the connection'))
    })
  }

  static async open(address: Address): Promise<RespConnection> {
    const socket = connectTo(address)
    await once(socket, 'connect')
    return new RespConnection(socket)
  }

  /** Rejects with a `RespError` when the server answers with an error. */
  async send(...words: readonly (string | number)[]): Promise<RespValue> {
    if (this.#socket.destroyed) throw new Error('the connection is closed')
    const parts = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`)
    this.#socket.write(`*${words.length}\r\n${parts.join('')}`)
    const waiter = Promise.withResolvers<RespValue>()
    this.#waiting.push(waiter)
    return await waiter.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #settle(value: RespValue): void {
    const waiter = this.#waiting.shift()
    if (value instanceof RespError) waiter?.reject(value)
    else waiter?.resolve(value)
  }
}

/** Sends one command on a separate connection. */
export async function ask(address: Address, ...words: readonly (string | number)[]): Promise<RespValue> {
  using connection = await RespConnection.open(address)
  return await connection.send(...words)
}
