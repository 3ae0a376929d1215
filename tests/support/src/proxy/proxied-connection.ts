import type { Socket } from 'node:net'
import { ReplyParser } from '../resp/reply-parser.ts'
import { RequestParser, type RespRequest } from '../resp/request-parser.ts'
import type { ArmedFault } from './fault.ts'
import type { Direction, Network } from './network.ts'
import { ReplyAccount } from './reply-account.ts'

export interface ProxyRules {
  readonly network: Readonly<Record<Direction, Network>>
  /** Called for each request when it has arrived; returns the fault that it meets, if any. */
  requested(request: RespRequest): ArmedFault | undefined
  /** Called when the reply to a request has been passed to the client. */
  answered(request: RespRequest): void
}

type Ending = 'cut' | 'reset'

/** One client's connection and the one to the server that belongs to it. */
export class ProxiedConnection {
  readonly #client: Socket
  readonly #server: Socket
  readonly #rules: ProxyRules
  readonly #account = new ReplyAccount()
  /** How it ends once all that was sent is answered. */
  #endDue: Ending | undefined
  /** Settles when the connection has ended. */
  readonly closed: Promise<void>

  constructor(client: Socket, server: Socket, rules: ProxyRules) {
    this.#client = client
    this.#server = server
    this.#rules = rules
    for (const socket of [client, server]) {
      socket.setNoDelay(true)
      socket.on('error', () => {}) // the loops below see it too
    }
    this.closed = Promise.all([this.#requests(), this.#replies()]).then(() => {})
  }

  /** Ends it: with a FIN after what was written, or at once with a reset. */
  end(how: Ending): void {
    this.#server.destroy()
    if (how === 'cut') this.#client.destroySoon()
    else resetSocket(this.#client)
  }

  async #requests(): Promise<void> {
    const parser = new RequestParser()
    let lost = false
    for await (const chunk of chunksOf(this.#client)) {
      if (lost) continue
      joinWrites(this.#server)
      for (const request of parser.push(chunk)) {
        const fault = this.#rules.requested(request)
        if (fault?.kind.endsWith('-request')) lost = await this.#beforeExecution(request, fault)
        if (lost) break
        this.#account.sent({ request, fault })
        await this.#write('to-server', request.raw)
        // Nothing behind it may be executed when the connection ends with its reply.
        lost = fault?.kind === 'cut-reply' || fault?.kind === 'reset-reply'
        if (lost) break
      }
    }
    await this.#write('to-server', NOTHING)
    this.#server.end()
  }

  async #replies(): Promise<void> {
    const parser = new ReplyParser()
    let lost = false
    for await (const chunk of chunksOf(this.#server)) {
      if (lost) continue
      joinWrites(this.#client)
      for (const reply of parser.push(chunk)) {
        const answered = this.#account.received(reply)
        if (answered?.fault?.kind.endsWith('-reply')) {
          lost = await this.#afterExecution(answered.request, answered.fault)
          if (lost) break
        }
        await this.#write('to-client', reply.raw)
        if (answered) this.#rules.answered(answered.request)
        this.#endIfDue()
      }
    }
    await this.#write('to-client', NOTHING)
    this.#client.destroySoon()
  }

  /** Returns whether the request and all later ones are lost. */
  async #beforeExecution(request: RespRequest, fault: ArmedFault): Promise<boolean> {
    fault.happened(request)
    if (fault.kind === 'hold-request') {
      await fault.untilReleased()
      return false
    }
    if (fault.kind !== 'lose-request') this.#endDue = fault.kind === 'cut-request' ? 'cut' : 'reset'
    this.#endIfDue()
    return true
  }

  async #afterExecution(request: RespRequest, fault: ArmedFault): Promise<boolean> {
    fault.happened(request)
    if (fault.kind === 'hold-reply') {
      await fault.untilReleased()
      return false
    }
    if (fault.kind !== 'lose-reply') this.end(fault.kind === 'cut-reply' ? 'cut' : 'reset')
    return true
  }

  #endIfDue(): void {
    if (this.#endDue && this.#account.settled) this.end(this.#endDue)
  }

  /** Waits for the network and for room, in that order; an end without bytes waits for the network alone. */
  async #write(direction: Direction, bytes: Buffer): Promise<void> {
    const socket = direction === 'to-server' ? this.#server : this.#client
    const network = this.#rules.network[direction]
    if (network.impaired) await network.pass(bytes, (piece) => writeTo(socket, piece))
    else if (bytes.length > 0) await writeTo(socket, bytes)
  }
}

const NOTHING = Buffer.alloc(0)

/** The chunks that a socket receives, until it ends in any way. Leaving the loop keeps the socket open. */
async function* chunksOf(socket: Socket): AsyncGenerator<Buffer, void, void> {
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false })) yield chunk as Buffer
  } catch {
    // A reset or an unexpected end: nothing more will arrive.
  }
}

/** Data that arrived in one packet leaves in one, if it leaves in the same turn of the event loop. */
function joinWrites(socket: Socket): void {
  socket.cork()
  setImmediate(() => socket.uncork())
}

/** Waits only when the socket is full; a closed one swallows everything. */
async function writeTo(socket: Socket, bytes: Buffer): Promise<void> {
  if (!socket.writable || socket.write(bytes)) return
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
  })
}

function resetSocket(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    socket.destroy() // unix sockets know no reset
  }
}
