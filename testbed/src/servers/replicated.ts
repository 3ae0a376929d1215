import { FaultProxy } from '../proxy/fault-proxy.ts'
import type { RedisServerBinary } from '../redis/find-redis.ts'
import { RedisNode } from './redis-node.ts'
import { startTogether, stopTogether } from './start-together.ts'
import { until } from './until.ts'

export interface ReplicatedOptions {
  /** Default: 1. */
  readonly replicas?: number
  readonly binary?: RedisServerBinary
  /** Arguments of every server. */
  readonly args?: readonly string[]
}

/** Without it a primary waits five seconds for more replicas before it sends its data. */
export const REPLICATE_AT_ONCE: readonly string[] = ['--repl-diskless-sync-delay', '0']

/** Where nobody listens. */
const NOWHERE = ['127.0.0.1', '1'] as const

/**
 * A primary and its replicas, behind one address that follows the primary, as managed Redis offers it.
 *
 * The address is a fault proxy, so a failover looks to clients as it does there: connections are reset, and the next
 * ones reach the new primary.
 */
export class Replicated {
  readonly endpoint: FaultProxy
  #primary: RedisNode
  #replicas: readonly RedisNode[]

  private constructor(endpoint: FaultProxy, primary: RedisNode, replicas: readonly RedisNode[]) {
    this.endpoint = endpoint
    this.#primary = primary
    this.#replicas = replicas
  }

  static async start(options: ReplicatedOptions = {}): Promise<Replicated> {
    const { replicas: count = 1, args = [], binary } = options
    const nodes = await startTogether(count + 1, async () => {
      return await RedisNode.start({ args: [...REPLICATE_AT_ONCE, ...args], ...(binary ? { binary } : {}) })
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
    const { master_repl_offset: target } = await this.#primary.info('replication')
    await until('the replica has caught up', async () => {
      const { slave_repl_offset: offset } = await replica.info('replication')
      return Number(offset) >= Number(target)
    })
  }

  /**
   * Makes a replica the primary. The old primary is killed, and comes back as a replica with its data replaced.
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
    this.endpoint.retarget(replica.address)
    await old.restart()
    await Promise.all(this.#replicas.map(async (each) => await follow(each, replica)))
  }

  async stop(): Promise<void> {
    await this.endpoint.stop()
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

export async function linked(replica: RedisNode): Promise<void> {
  await until('the replica is in step', async () => {
    const { master_link_status: link, master_sync_in_progress: syncing } = await replica.info('replication')
    return link === 'up' && syncing === '0'
  })
}
