import { join } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { findRedisServer } from '../redis/find-redis.ts'
import type { RedisServerBinary } from '../redis/server-binary.ts'
import { type RunningRedis, startRedis } from '../redis/start-redis.ts'
import { ask } from '../resp/connection.ts'
import { RedisNode } from './redis-node.ts'
import { follow, linked, REPLICATE_AT_ONCE } from './replicated.ts'
import { startTogether, stopTogether } from './start-together.ts'
import { temporaryDirectory, type TemporaryDirectory } from './temporary-directory.ts'
import { until } from './until.ts'

export interface SentinelOptions {
  /** Default: 1. */
  readonly replicas?: number
  readonly binary?: RedisServerBinary
}

/** How sentinels call the primary that they watch. */
const NAME = 'holdfast'

/** How long the primary must be silent before the sentinels fail over: while `failOver()` waits for it, and otherwise. */
const DOWN_AFTER_MS = 500
const PATIENT_MS = 600_000

/**
 * A primary and its replicas, watched by three sentinels that fail over when `failOver()` has killed it. A primary that
 * is silent because the machine has much else to do stays the primary.
 */
export class SentinelGroup {
  readonly name: string = NAME
  readonly #directory: TemporaryDirectory
  readonly #nodes: readonly RedisNode[]
  readonly #sentinels: readonly RunningRedis[]

  private constructor(
    directory: TemporaryDirectory,
    nodes: readonly RedisNode[],
    sentinels: readonly RunningRedis[],
  ) {
    this.#directory = directory
    this.#nodes = nodes
    this.#sentinels = sentinels
  }

  static async start(options: SentinelOptions = {}): Promise<SentinelGroup> {
    const { replicas = 1, binary = await findRedisServer() } = options
    const directory = temporaryDirectory()
    const nodes = await startTogether(replicas + 1, async () => {
      return await RedisNode.start({ binary, args: REPLICATE_AT_ONCE })
    })
    const sentinels: RunningRedis[] = []
    try {
      const [primary, ...others] = nodes as [RedisNode, ...RedisNode[]]
      await Promise.all(others.map(async (replica) => await follow(replica, primary)))
      const start = async (index: number): Promise<RunningRedis> =>
        await startSentinel(join(directory.path, `sentinel-${index}.conf`), primary, binary)
      sentinels.push(...(await startTogether(3, start)))
      const group = new SentinelGroup(directory, nodes, sentinels)
      await group.#ready(replicas)
      return group
    } catch (error) {
      await stopTogether([...nodes, ...sentinels])
      await directory.remove()
      throw error
    }
  }

  /** The sentinels, which a client asks for the primary. */
  get sentinels(): readonly { readonly host: string; readonly port: number }[] {
    return this.#sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  get nodes(): readonly RedisNode[] {
    return this.#nodes
  }

  /** The node that most sentinels hold for the primary. */
  async primary(): Promise<RedisNode> {
    const votes = await Promise.all(this.#sentinels.map(async (sentinel) => await primaryPort(sentinel)))
    const port = votes.find((each, index) => votes.indexOf(each) !== index)
    const node = this.#nodes.find((each) => each.port === port)
    if (node === undefined) throw new Error(`the sentinels do not agree on a primary: ${votes.join(', ')}`)
    return node
  }

  /**
   * Kills the primary and waits until the sentinels have made a replica the new one. The old one returns as a
   * replica.
   *
   * What `meanwhile` writes is acknowledged by the primary and reaches no replica, so it is lost.
   */
  async failOver(options: { readonly meanwhile?: () => Promise<void> } = {}): Promise<void> {
    const old = await this.primary()
    if (options.meanwhile) {
      const replicas = this.#nodes.filter((node) => node !== old)
      await Promise.all(replicas.map(async (replica) => await replica.ask('REPLICAOF', '127.0.0.1', '1')))
      await options.meanwhile()
    }
    await old.kill()
    await this.#toleratedSilence(DOWN_AFTER_MS)
    await until('the sentinels have failed over', async () => {
      const now = await this.primary()
      return now !== old && (await now.info('replication'))['role'] === 'master'
    })
    await this.#toleratedSilence(PATIENT_MS)
    await old.restart()
    // The sentinels also configure its primary, and end its connections then: ours may be one of them.
    await until('the old primary follows', async () => {
      await follow(old, await this.primary())
      return true
    })
  }

  async stop(): Promise<void> {
    await stopTogether([...this.#sentinels, ...this.#nodes])
    await this.#directory.remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #toleratedSilence(ms: number): Promise<void> {
    for (const sentinel of this.#sentinels) {
      await ask(sentinel, 'SENTINEL', 'SET', NAME, 'down-after-milliseconds', ms)
    }
  }

  /** Settles when a failover would work: every sentinel knows the other two and the replicas. */
  async #ready(replicas: number): Promise<void> {
    await Promise.all(this.#nodes.slice(1).map(async (node) => await linked(node)))
    for (const sentinel of this.#sentinels) {
      await until('the sentinels know each other', async () => {
        const fields = (await ask(sentinel, 'SENTINEL', 'MASTER', NAME)) as string[]
        const of = (field: string): number => Number(fields[fields.indexOf(field) + 1])
        return of('num-other-sentinels') === 2 && of('num-slaves') === replicas
      })
    }
  }
}

/**
 * Each finds the others by what they publish, by default only every other second, and learns from INFO that a failover it
 * began has made its replica a primary. Another sentinel that sees two primaries for four periods of publishing makes the new
 * one a replica again: INFO has to be read much more often than that. (Redis 7 and later.)
 */
export const QUICK_SENTINEL = ['SENTINEL', 'DEBUG', 'PUBLISH-PERIOD', 500, 'INFO-PERIOD', 100] as const

async function startSentinel(
  configFile: string,
  primary: RedisNode,
  binary: RedisServerBinary,
): Promise<RunningRedis> {
  await writeFile(
    configFile,
    [
      `sentinel monitor ${NAME} 127.0.0.1 ${primary.port} 2`,
      `sentinel down-after-milliseconds ${NAME} ${PATIENT_MS}`,
      `sentinel failover-timeout ${NAME} 3000`,
    ].join('\n'),
  )
  const sentinel = await startRedis({ binary, configFile, args: ['--sentinel'], readyLine: /\+monitor/ })
  await ask(sentinel, ...QUICK_SENTINEL).catch(() => {})
  return sentinel
}

async function primaryPort(sentinel: RunningRedis): Promise<number> {
  const address = (await ask(sentinel, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME)) as string[]
  return Number(address[1])
}
