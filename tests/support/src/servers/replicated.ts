import { FaultProxy } from '../proxy/fault-proxy.ts'
import type { RedisServerBinary } from '../redis/server-binary.ts'
import { RedisNode } from './redis-node.ts'
import { startTogether, stopTogether } from './start-together.ts'
import { until } from './until.ts'

export interface ReplicatedOptions {
  /** Default: 1. */
  readonly replicas?: number
  readonly binary?: RedisServerBinary
  /** Arguments of every server. */
  readonly args?: readonly string[]
  /** Every acknowledged write survives a kill. Default: false. */
  readonly durable?: boolean
}

/** Without it a primary waits five seconds for more replicas before it sends its data. */
export const REPLICATE_AT_ONCE: readonly string[] = ['--repl-diskless-sync-delay', '0']

/** Where no server listens. */
const NOWHERE = ['127.0.0.1', '1'] as const

/**
 * A primary and its replicas, behind one address that follows the primary, as managed Redis offers it.
 *
 * The address is a fault proxy, so a failover looks to clients as it does there: connections are reset, and the next
 * ones reach the new primary.
 */
export class Replicated {
  readonly endpoint: FaultProxy
  readonly #endpoints: FaultProxy[]
  #primary: RedisNode
  #replicas: readonly RedisNode[]

  private constructor(endpoint: FaultProxy, primary: RedisNode, replicas: readonly RedisNode[]) {
    this.endpoint = endpoint
    this.#endpoints = [endpoint]
    this.#primary = primary
    this.#replicas = replicas
  }

  static async start(options: ReplicatedOptions = {}): Promise<Replicated> {
    const { replicas: count = 1, args = [], binary, durable = false } = options
    const nodes = await startTogether(count + 1, async () => {
      const all = { durable, args: [...REPLICATE_AT_ONCE, ...args] }
      return await RedisNode.start(binary ? { ...all, binary } : all)
    })
    try {
      const [primary, ...replicas] = nodes as [RedisNode, ...RedisNode[]]
      await Promise.all(replicas.map(async (replica) => await follow(replica, primary)))
      const endpoint = await FaultProxy.start({ target: primary.address })
      return new Replicated(endpoint, primary, replicas)
    } catch (error) {
      await stopTogether(nodes)
      throw error
    }
  }

  /** The address that follows the primary. */
  get url(): string {
    return this.endpoint.url
  }

  /** Another address that follows the primary, for faults that only one client meets. Stopped with the rest. */
  async anotherEndpoint(): Promise<FaultProxy> {
    const endpoint = await FaultProxy.start({ target: this.#primary.address })
    this.#endpoints.push(endpoint)
    return endpoint
  }

  get primary(): RedisNode {
    return this.#primary
  }

  get replicas(): readonly RedisNode[] {
    return this.#replicas
  }

  /** What is written from now on does not reach this replica. */
  async detach(replica: RedisNode): Promise<void> {
    await replica.ask('REPLICAOF', ...NOWHERE)
  }

  /** Settles when the replica has everything that the primary had when this was called. */
  async caughtUp(replica: RedisNode): Promise<void> {
    await linked(replica)
    const { master_repl_offset: target } = await this.#primary.info('replication')
    await until('the replica has caught up', async () => {
      const { slave_repl_offset: offset } = await replica.info('replication')
      return Number(offset) >= Number(target)
    })
  }

  /**
   * Makes a replica the primary. The old primary is killed, and returns as a replica with its data replaced.
   *
   * `losingWrites: true`: as the replica is now, so acknowledged writes that it lacks are gone (see `detach()`).
   * `losingWrites: false` (default): writes are held at the old primary until the replica has them all.
   */
  async promote(replica: RedisNode, options: { readonly losingWrites?: boolean } = {}): Promise<void> {
    const { losingWrites = false } = options
    const old = this.#primary
    if (!losingWrites) {
      await old.pauseClients(60_000, 'WRITE')
      await this.caughtUp(replica)
    }
    await old.kill()
    await replica.ask('REPLICAOF', 'NO', 'ONE')
    this.#primary = replica
    this.#replicas = this.#replicas.map((each) => (each === replica ? old : each))
    // Before the old primary is back: no client may write to it again.
    for (const endpoint of this.#endpoints) endpoint.retarget(replica.address)
    await old.restart()
    await Promise.all(this.#replicas.map(async (each) => await follow(each, replica)))
  }

  /**
   * Makes a replica the primary and the old primary its replica, as `FAILOVER` does: no connection ends. A client that
   * is connected to the old one stays there, gets its writes refused, and gets what is replicated to it, published
   * messages included. New connections reach the new primary.
   *
   * `losingWrites: true`: without waiting for the replica, so that what the old one acknowledges meanwhile is gone.
   */
  async demote(replica: RedisNode, options: { readonly losingWrites?: boolean } = {}): Promise<void> {
    const old = this.#primary
    if (options.losingWrites) {
      await replica.ask('REPLICAOF', 'NO', 'ONE')
      await old.ask('REPLICAOF', '127.0.0.1', replica.port)
    } else {
      await linked(replica)
      await until('the primary takes the replica for online', async () => {
        const known = Object.values(await old.info('replication'))
        return known.some((text) => text.includes(`port=${replica.port},state=online`))
      })
      await old.ask('FAILOVER', 'TO', '127.0.0.1', replica.port)
      await until('the replica is the primary', async () => {
        return (await replica.info('replication'))['role'] === 'master'
      })
    }
    this.#primary = replica
    this.#replicas = this.#replicas.map((each) => (each === replica ? old : each))
    for (const endpoint of this.#endpoints) endpoint.redirect(replica.address)
    await Promise.all(this.#replicas.map(async (each) => await follow(each, replica)))
  }

  async stop(): Promise<void> {
    await stopTogether(this.#endpoints)
    await stopTogether([this.#primary, ...this.#replicas])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}

/** Settles when the replica has the primary's data and receives what is written. */
export async function follow(replica: RedisNode, primary: RedisNode): Promise<void> {
  await replica.ask('REPLICAOF', '127.0.0.1', primary.port)
  await linked(replica)
}

/** It has the data, receives what is written, and would have it all after a restart too, if it is durable. */
export async function linked(replica: RedisNode): Promise<void> {
  await until('the replica is in step', async () => {
    const [link, file] = await Promise.all([replica.info('replication'), replica.info('persistence')])
    const inStep = link['master_link_status'] === 'up' && link['master_sync_in_progress'] === '0'
    // What a replica got at once lies in no append-only file before that has been written anew.
    return inStep && file['aof_rewrite_in_progress'] === '0' && file['aof_rewrite_scheduled'] === '0'
  })
}
