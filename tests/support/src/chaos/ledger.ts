import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { clock, type Witness } from './witness.ts'

interface Request {
  readonly id: number
  readonly key: string
  readonly owner: string
  readonly fence: number
  /** Set: write one more than this. Absent: read. */
  readonly base?: number
}

interface Reply {
  readonly id: number
  /** The value read, or the value stored; null when the fence was too old. */
  readonly value: number | null
}

/**
 * The resource that the workers protect: a number for each key, which owners read and increment.
 *
 * It works like a database with a fence column: it remembers the greatest fence of any read or write, and refuses older
 * ones. The nemesis never touches it, and it witnesses every write in the order in which they took effect.
 */
export class LedgerServer {
  readonly #server: Server
  readonly #witness: Witness
  readonly #entries = new Map<string, { value: number; fence: number }>()
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, witness: Witness) {
    this.#server = server
    this.#witness = witness
  }

  static async start(path: string, witness: Witness): Promise<LedgerServer> {
    const server = createServer()
    const ledger = new LedgerServer(server, witness)
    server.on('connection', (socket) => ledger.#serve(socket))
    server.listen(path)
    await once(server, 'listening')
    return ledger
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    const lines = createInterface(socket)
    for (const emitter of [socket, lines]) emitter.on('error', () => {}) // a worker was killed
    lines.on('line', (line) => {
      const request = JSON.parse(line) as Request
      const reply: Reply = { id: request.id, value: this.#handle(request) }
      if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`)
    })
  }

  #handle({ key, owner, fence, base }: Request): number | null {
    const entry = this.#entries.get(key) ?? { value: 0, fence: 0 }
    this.#entries.set(key, entry)
    const accepted = fence >= entry.fence
    if (base !== undefined) {
      this.#witness.record({
        type: 'wrote',
        at: clock(),
        key,
        owner,
        fence,
        base,
        current: entry.value,
        accepted,
      })
    }
    if (!accepted) return null
    entry.fence = fence
    if (base !== undefined) entry.value = base + 1
    return entry.value
  }
}

/** A worker's connection to the ledger. */
export class Ledger {
  readonly #socket: Socket
  readonly #waiting = new Map<number, (value: number | null) => void>()
  #lastId = 0

  constructor(path: string) {
    this.#socket = connect(path)
    createInterface(this.#socket).on('line', (line) => {
      const { id, value } = JSON.parse(line) as Reply
      this.#waiting.get(id)?.(value)
      this.#waiting.delete(id)
    })
  }

  /** Null: the ledger has seen a greater fence. */
  async read(key: string, owner: string, fence: number): Promise<number | null> {
    return await this.#ask({ key, owner, fence })
  }

  /** Writes `base + 1`. Null: the ledger has seen a greater fence, and nothing was written. */
  async increment(key: string, owner: string, fence: number, base: number): Promise<number | null> {
    return await this.#ask({ key, owner, fence, base })
  }

  close(): void {
    this.#socket.destroy()
  }

  #ask(request: Omit<Request, 'id'>): Promise<number | null> {
    const id = ++this.#lastId
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#socket.write(`${JSON.stringify({ id, ...request })}\n`)
    })
  }
}
