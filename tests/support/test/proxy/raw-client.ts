import { once } from 'node:events'
import type { Socket } from 'node:net'
import { type Address, connectTo, ReplyParser, type RespValue } from '@holdfast/test-support/resp'

/** A bare socket that records what it receives and how it ended, for tests of the proxy. */
export class RawClient {
  readonly replies: RespValue[] = []
  readonly ended: Promise<string>
  readonly #socket: Socket
  #onReply = (): void => {}

  private constructor(socket: Socket) {
    this.#socket = socket
    const parser = new ReplyParser()
    socket.on('data', (chunk: Buffer) => {
      this.replies.push(...parser.push(chunk).map(({ value }) => value))
      this.#onReply()
    })
    let reason = 'FIN'
    socket.on('error', (error: NodeJS.ErrnoException) => (reason = error.code ?? error.message))
    this.ended = new Promise((resolve) => socket.once('close', () => resolve(reason)))
  }

  static async connect(address: Address): Promise<RawClient> {
    const socket = connectTo(address)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  /** Inline commands, one a line, in one packet. */
  send(...commands: readonly string[]): void {
    this.#socket.write(commands.map((command) => `${command}\r\n`).join(''))
  }

  async untilReplies(count: number): Promise<readonly RespValue[]> {
    while (this.replies.length < count) await new Promise<void>((resolve) => (this.#onReply = resolve))
    return this.replies
  }

  /** Sends a command and returns its reply; no other command may be in flight. */
  async ask(command: string): Promise<RespValue> {
    const count = this.replies.length + 1
    this.send(command)
    return (await this.untilReplies(count)).at(-1) ?? null
  }

  close(): void {
    this.#socket.destroy()
  }
}
