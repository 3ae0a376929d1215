import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { type Address, connectTo } from '../resp/address.ts'
import type { RespRequest } from '../resp/request-parser.ts'
import { freePort } from '../supervised/free-port.ts'
import { ArmedFault, type FaultKind, type RequestMatch } from './fault.ts'
import { type Direction, Network, type SlowBytes } from './network.ts'
import { ProxiedConnection } from './proxied-connection.ts'

/** Excludes the ports of servers, which listen on theirs again when they are restarted. */
const LOWEST_PORT = 2_000

export interface FaultProxyOptions {
  /** Where the requests go. */
  readonly target: Address
  /** Where clients connect. Default: a free port of 127.0.0.1. */
  readonly listen?: Address
}

interface Watcher {
  readonly match: RequestMatch
  readonly resolve: (request: RespRequest) => void
}

/**
 * A proxy between a Redis client and its server that fails on command.
 *
 * Nothing depends on timing: a fault is bound to a request (`once`, `every`), and a promise resolves when it took place
 * (`fault.hit`), when a request arrived (`seen`) or was answered (`answered`). The conditions of the whole network
 * (`blackHole`, `latency`, `slow`, `refuse`) hold from the call to the call that ends them.
 */
export class FaultProxy {
  #target: Address
  readonly #listen: Address
  #server: Server | undefined
  readonly #connections = new Set<ProxiedConnection>()
  readonly #network = { 'to-server': new Network(), 'to-client': new Network() }
  readonly #faults: ArmedFault[] = []
  readonly #seen = new Set<Watcher>()
  readonly #answered = new Set<Watcher>()
  readonly #connected = new Set<() => void>()

  private constructor(target: Address, listen: Address) {
    this.#target = target
    this.#listen = listen
  }

  static async start(options: FaultProxyOptions): Promise<FaultProxy> {
    const { target, listen } = options
    // `refuse` frees the port and `accept` binds it again: no outgoing connection may get it meanwhile.
    for (;;) {
      const proxy = new FaultProxy(target, listen ?? { port: await freePort(LOWEST_PORT) })
      try {
        await proxy.accept()
        return proxy
      } catch (error) {
        // Another process got the same free port.
        if (listen !== undefined || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      }
    }
  }

  /** Where clients connect. */
  get address(): Address {
    return this.#listen
  }

  /** For a proxy that listens on a port. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get port(): number {
    if ('port' in this.#listen) return this.#listen.port
    throw new Error('this proxy listens on a unix socket')
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#connections.size
  }

  /** The next request that matches meets this fault. */
  once(match: RequestMatch, kind: FaultKind): ArmedFault {
    return this.#arm(new ArmedFault(match, kind, true))
  }

  /** Each request that matches meets this fault, until `fault.remove()`. */
  every(match: RequestMatch, kind: FaultKind): ArmedFault {
    return this.#arm(new ArmedFault(match, kind, false))
  }

  /** The next request that matches, as soon as it has arrived (it may not be forwarded yet). */
  seen(match: RequestMatch): Promise<RespRequest> {
    return watch(this.#seen, match)
  }

  /** The next request that matches, when its reply has been passed to the client. */
  answered(match: RequestMatch): Promise<RespRequest> {
    return watch(this.#answered, match)
  }

  /** Settles when the next client connects. */
  connected(): Promise<void> {
    return new Promise((resolve) => this.#connected.add(resolve))
  }

  /**
   * From now on nothing arrives in this direction (default: in both), on old and new connections; connecting still
   * works, and neither side notices. Data sent meanwhile arrives after `heal()`, because TCP sends it again; call `reset()`
   * before `heal()` to lose it.
   */
  blackHole(direction: Direction | 'both' = 'both'): void {
    for (const network of this.#directions(direction)) network.close()
  }

  /** Each packet takes so much longer, in this direction. */
  latency(ms: number, direction: Direction | 'both' = 'both'): void {
    for (const network of this.#directions(direction)) network.latencyMs = ms
  }

  /** Everything trickles. Default: one byte in each turn of the event loop. */
  slow(slow: SlowBytes = { bytes: 1, everyMs: 0 }, direction: Direction | 'both' = 'both'): void {
    for (const network of this.#directions(direction)) network.slow = slow
  }

  /** Ends black holes, latency and slowness, and accepts connections again. */
  async heal(): Promise<void> {
    for (const network of this.#directions('both')) {
      network.latencyMs = 0
      network.slow = undefined
      network.open()
    }
    await this.accept()
  }

  /** Resets all connections (on a unix socket: ends them). */
  reset(): void {
    for (const connection of this.#connections) connection.end('reset')
  }

  /** Ends all connections with a FIN. */
  cut(): void {
    for (const connection of this.#connections) connection.end('cut')
  }

  /** Refuses new connections (ECONNREFUSED; a unix socket is gone: ENOENT). Those that are open stay so. */
  async refuse(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    // `close` would wait for the open connections too; it stops listening at once all the same.
    server?.close()
  }

  /** Accepts connections again. */
  async accept(): Promise<void> {
    if (!this.#server) this.#serve(await listenOn(this.#listen))
  }

  /** Sends every client to another server: connected clients have to reconnect. */
  retarget(target: Address): void {
    this.redirect(target)
    this.reset()
  }

  /** Sends new connections to another server. Open connections stay where they are. */
  redirect(target: Address): void {
    this.#target = target
  }

  async stop(): Promise<void> {
    await this.refuse()
    for (const fault of this.#faults) fault.release()
    for (const network of this.#directions('both')) network.open()
    this.reset()
    await Promise.all([...this.#connections].map(async (connection) => await connection.closed))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #serve(server: Server): void {
    this.#server = server
    server.on('connection', (client) => void this.#connect(client))
    server.unref()
  }

  async #connect(client: Socket): Promise<void> {
    const server = connectTo(this.#target)
    const connection = new ProxiedConnection(client, server, {
      network: this.#network,
      requested: (request) => {
        settle(this.#seen, request)
        return this.#faults.find((fault) => fault.takes(request))
      },
      answered: (request) => settle(this.#answered, request),
    })
    this.#connections.add(connection)
    for (const resolve of this.#connected) resolve()
    this.#connected.clear()
    await connection.closed
    this.#connections.delete(connection)
  }

  #arm(fault: ArmedFault): ArmedFault {
    this.#faults.push(fault)
    return fault
  }

  #directions(direction: Direction | 'both'): Network[] {
    const all = this.#network
    return direction === 'both' ? [all['to-server'], all['to-client']] : [all[direction]]
  }
}

async function listenOn(address: Address): Promise<Server> {
  // The proxy must close a half-open side, after the reply that a client still waits for.
  const server = createServer({ allowHalfOpen: true })
  server.listen('path' in address ? { path: address.path } : { port: address.port, host: '127.0.0.1' })
  await once(server, 'listening')
  return server
}

function watch(watchers: Set<Watcher>, match: RequestMatch): Promise<RespRequest> {
  return new Promise((resolve) => watchers.add({ match, resolve }))
}

function settle(watchers: Set<Watcher>, request: RespRequest): void {
  for (const watcher of watchers) {
    if (!watcher.match(request)) continue
    watchers.delete(watcher)
    watcher.resolve(request)
  }
}
