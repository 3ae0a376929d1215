import { findRedisServer } from '../redis/find-redis.ts'
import type { RedisServerBinary } from '../redis/server-binary.ts'
import { RedisNode } from './redis-node.ts'
import { linked, REPLICATE_AT_ONCE } from './replicated.ts'
import { startTogether, stopTogether } from './start-together.ts'
import { until } from './until.ts'

export interface ClusterOptions {
  /** Replicas of each of the three masters. Default: 0. */
  readonly replicas?: number
  readonly binary?: RedisServerBinary
  /** Another program for the node with this index. Default: none. */
  readonly binaryOf?: (index: number) => RedisServerBinary | undefined
}

const MASTERS = 3
const SLOTS = 16_384
/** How long a node must be silent before the others treat it as dead: during `failOver()`, and otherwise. */
const DEAD_AFTER_MS = 1_000
const PATIENT_MS = 600_000
const IN_A_CLUSTER = [
  '--cluster-enabled',
  'yes',
  '--cluster-node-timeout',
  String(PATIENT_MS),
  // A replica that lacks writes may still be promoted: tests look at the writes that are lost then.
  '--cluster-replica-validity-factor',
  '0',
]

/**
 * A cluster of three masters, with or without replicas. It treats a node as dead when `failOver()` has killed it, but not
 * a node that is silent because the machine is busy.
 */
export class RedisCluster {
  readonly nodes: readonly RedisNode[]

  private constructor(nodes: readonly RedisNode[]) {
    this.nodes = nodes
  }

  static async start(options: ClusterOptions = {}): Promise<RedisCluster> {
    const { replicas = 0, binary = await findRedisServer(), binaryOf } = options
    const args = [...REPLICATE_AT_ONCE, ...IN_A_CLUSTER]
    const nodes = await startTogether(MASTERS * (1 + replicas), async (index) => {
      return await RedisNode.start({ binary: binaryOf?.(index) ?? binary, args })
    })
    try {
      await join(nodes)
      return new RedisCluster(nodes)
    } catch (error) {
      await stopTogether(nodes)
      throw error
    }
  }

  /** The nodes that a client gets to start from. */
  get seeds(): readonly { readonly host: string; readonly port: number }[] {
    return this.nodes.map(({ port }) => ({ host: '127.0.0.1', port }))
  }

  /** The master that has this key now, as the nodes that are up see it. */
  async ownerOf(key: string): Promise<RedisNode> {
    for (const node of this.nodes) {
      try {
        const slot = Number(await node.ask('CLUSTER', 'KEYSLOT', key))
        const ranges = (await node.ask('CLUSTER', 'SLOTS')) as [number, number, [string, number]][]
        const range = ranges.find(([from, to]) => from <= slot && slot <= to)
        const owner = this.nodes.find(({ port }) => port === range?.[2][1])
        if (owner) return owner
      } catch {
        // This node is down: ask the next one.
      }
    }
    throw new Error(`no node knows who has ${key}`)
  }

  /** Moves the slot of a key, with its data, to another master. */
  async moveSlot(key: string, to: RedisNode): Promise<void> {
    const from = await this.ownerOf(key)
    const slot = Number(await from.ask('CLUSTER', 'KEYSLOT', key))
    const [fromId, toId] = [await idOf(from), await idOf(to)]
    await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId)
    await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId)
    for (;;) {
      const keys = (await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[]
      if (keys.length === 0) break
      await from.ask('MIGRATE', '127.0.0.1', to.port, '', 0, 5_000, 'KEYS', ...keys)
    }
    for (const node of [to, from]) await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', toId)
    await until('everybody knows where the slot is', async () => (await this.ownerOf(key)) === to)
  }

  /**
   * Kills a master that has a replica, and waits until the replica has taken over. The killed one returns as a replica.
   *
   * The master acknowledges what `meanwhile` writes, but no replica gets it, so it is lost.
   */
  async failOver(
    master: RedisNode,
    options: { readonly meanwhile?: () => Promise<void> } = {},
  ): Promise<void> {
    const id = await idOf(master)
    const replicas = await this.#replicasOf(master)
    if (options.meanwhile) {
      // A replica that is frozen while its link is cut does not get later writes.
      for (const replica of replicas) replica.pause()
      await master.ask('CLIENT', 'KILL', 'TYPE', 'replica')
      await options.meanwhile()
    }
    await master.kill()
    if (options.meanwhile) for (const replica of replicas) replica.resume()
    await this.#toleratedSilence(DEAD_AFTER_MS, master)
    await until('a replica has taken over', async () => {
      const roles = await Promise.all(
        replicas.map(async (replica) => (await replica.info('replication'))['role']),
      )
      return roles.includes('master')
    })
    await this.#toleratedSilence(PATIENT_MS, master)
    await master.restart()
    await until(
      'the old master is a replica',
      async () => (await master.info('replication'))['role'] === 'slave',
    )
    await linked(master)
    await until('the cluster is whole', async () => await isWhole(this.nodes))
    if ((await idOf(master)) !== id) throw new Error('the node forgot who it was')
  }

  /**
   * Makes a replica of this master the master, with `CLUSTER FAILOVER`: the old one lives on as its replica, and so do
   * the connections that clients have to it, subscribers' too. Resolves with the new master.
   */
  async handOver(master: RedisNode): Promise<RedisNode> {
    const [replica] = await this.#replicasOf(master)
    if (replica === undefined) throw new Error('the master has no replica')
    await replica.ask('CLUSTER', 'FAILOVER')
    await until('the replica is the master', async () => {
      const [now, before] = await Promise.all([replica, master].map((node) => node.info('replication')))
      return now?.['role'] === 'master' && before?.['role'] === 'slave'
    })
    await linked(master)
    await until('the cluster is whole', async () => await isWhole(this.nodes))
    return replica
  }

  async stop(): Promise<void> {
    await stopTogether(this.nodes)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #toleratedSilence(ms: number, dead: RedisNode): Promise<void> {
    const alive = this.nodes.filter((node) => node !== dead)
    await Promise.all(alive.map(async (node) => await node.ask('CONFIG', 'SET', 'cluster-node-timeout', ms)))
  }

  async #replicasOf(master: RedisNode): Promise<RedisNode[]> {
    const lines = (await master.ask('CLUSTER', 'REPLICAS', await idOf(master))) as string[]
    const ports = lines.map((line) => Number(/ [^ ]*?:(\d+)@/.exec(line)?.[1]))
    return this.nodes.filter(({ port }) => ports.includes(port))
  }
}

/** Makes one cluster of separate nodes. */
async function join(nodes: readonly RedisNode[]): Promise<void> {
  const masters = nodes.slice(0, MASTERS)
  const ids = await Promise.all(nodes.map(async (node) => await idOf(node)))
  await Promise.all(
    masters.map(async (master, index) => {
      await master.ask('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
      await master.ask('CLUSTER', 'ADDSLOTS', ...slotsOf(index))
    }),
  )
  // Introduce every node to every other. Gossip alone would take a second longer.
  for (const node of nodes) {
    for (const other of nodes) if (other !== node) await node.ask('CLUSTER', 'MEET', '127.0.0.1', other.port)
  }
  await Promise.all(
    nodes.slice(MASTERS).map(async (replica, index) => {
      const id = ids[index % MASTERS] as string
      await until('the replica knows its master', async () => {
        await replica.ask('CLUSTER', 'REPLICATE', id)
        return true
      })
      await linked(replica)
    }),
  )
  await until('the cluster is whole', async () => await isWhole(nodes))
}

function slotsOf(index: number): number[] {
  const first = Math.floor((index * SLOTS) / MASTERS)
  const end = Math.floor(((index + 1) * SLOTS) / MASTERS)
  return Array.from({ length: end - first }, (_, offset) => first + offset)
}

async function isWhole(nodes: readonly RedisNode[]): Promise<boolean> {
  const views = await Promise.all(
    nodes.map(async (node) => [
      String(await node.ask('CLUSTER', 'INFO')),
      String(await node.ask('CLUSTER', 'NODES')),
    ]),
  )
  return views.every(([info = '', list = '']) => {
    const lines = list.trim().split('\n')
    const healthy = lines.every((line) => !/fail|handshake|noaddr/.test(line.split(' ')[2] ?? ''))
    return /cluster_state:ok/.test(info) && lines.length === nodes.length && healthy
  })
}

async function idOf(node: RedisNode): Promise<string> {
  return String(await node.ask('CLUSTER', 'MYID'))
}
