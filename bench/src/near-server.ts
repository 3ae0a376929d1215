/** What near caches cost the server: its CPU for a write and a read, connections, and commands. */
import { setTimeout as delay } from 'node:timers/promises'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { RedisCluster, RedisNode } from '@holdfast/test-support/servers'
import { Cluster, Redis } from 'ioredis'
import { VALUE } from './cache-contender.ts'
import { median, spread, table } from './harness.ts'

const PROCESSES = 10
const COUNT = 16_000
/** As a busy server gets them. */
const TOGETHER = 8
const KEYS = 1_000

interface Server {
  readonly node: RedisNode
  readonly client: Redis
}

async function start(): Promise<Server> {
  const node = await RedisNode.start()
  return { node, client: new Redis(node.port) }
}

async function cpuMicros(node: RedisNode): Promise<number> {
  const { used_cpu_user: user, used_cpu_sys: system } = await node.info('cpu')
  return (Number(user) + Number(system)) * 1e6
}

/** Microseconds of the server for one command, many times in pipelines. */
async function costOf(
  { node, client }: Server,
  command: (key: string) => [string, ...string[]],
): Promise<number> {
  const before = await cpuMicros(node)
  for (let i = 0; i < COUNT; i += TOGETHER) {
    const pipeline = client.pipeline()
    for (let j = 0; j < TOGETHER; j += 1) {
      const [name, ...args] = command(`holdfast:v:app:${(i + j) % KEYS}`)
      pipeline.call(name, args)
    }
    await pipeline.exec()
  }
  return ((await cpuMicros(node)) - before) / COUNT
}

async function nearOn({ node }: Server): Promise<() => Promise<void>> {
  const all = await Promise.all(
    Array.from({ length: PROCESSES }, async () => {
      const client = new Redis(node.port)
      const holdfast = createHoldfast({
        storage: ioredisStorage(client),
        prefix: 'app',
        cache: { near: true },
      })
      while (holdfast.cache.stats().near?.live !== true) {
        await holdfast.cache.get('any').catch(() => {})
        await delay(5)
      }
      return { client, holdfast }
    }),
  )
  return async () => {
    for (const { client, holdfast } of all) {
      await holdfast.close()
      client.disconnect()
    }
  }
}

const text = JSON.stringify(VALUE)
const commands = {
  'a write under the prefix': (key: string): [string, ...string[]] => ['SET', key, text, 'PX', '60000'],
  'a write elsewhere': (key: string): [string, ...string[]] => ['SET', `x${key}`, text, 'PX', '60000'],
  'a read': (key: string): [string, ...string[]] => ['GET', key],
}

/** Three servers take turns: one with near processes, and two without, whose ratio is the noise. */
export async function serverCosts(rounds: number): Promise<void> {
  const [near, none, again] = [await start(), await start(), await start()]
  const end = await nearOn(near)
  const rows: string[][] = []
  for (const [what, command] of Object.entries(commands)) {
    const costs = { near: [] as number[], none: [] as number[], again: [] as number[] }
    for (let round = 0; round <= rounds; round += 1) {
      const turn = {
        none: await costOf(none, command),
        near: await costOf(near, command),
        again: await costOf(again, command),
      }
      if (round === 0) continue // the first one is slower
      for (const name of ['near', 'none', 'again'] as const) costs[name].push(turn[name])
    }
    const beside = (of: readonly number[]): string =>
      spread(of.map((each, i) => each / (costs.none[i] as number)))
    rows.push([
      what,
      median(costs.none).toFixed(2),
      median(costs.near).toFixed(2),
      beside(costs.near),
      beside(costs.again),
    ])
  }
  table(
    `CPU of the server for one command, in pipelines of ${TOGETHER}, with ${PROCESSES} near caches and without`,
    [['', 'µs', 'with near µs', '× without', 'without, beside itself'], ...rows],
  )
  await end()
  for (const { node, client } of [near, none, again]) {
    client.disconnect()
    await node.stop()
  }
}

type Counts = ReadonlyMap<string, number>

/** How often each command was called, and connections: of all masters together. */
async function countsOf(nodes: readonly RedisNode[]): Promise<Counts> {
  const sum = new Map<string, number>()
  const add = (what: string, by: number): void => void sum.set(what, (sum.get(what) ?? 0) + by)
  for (const node of nodes) {
    for (const [name, line] of Object.entries(await node.info('commandstats')))
      add(name.replace('cmdstat_', ''), Number(/calls=(\d+)/.exec(line)?.[1]))
    add('connections', Number((await node.info('clients'))['connected_clients']))
  }
  return sum
}

const BEATS = 12
const HITS = 10_000
/** A third of `maxStaleMs`. */
const BEAT_MS = 1_000 / 3

async function commandsOf(
  name: string,
  nodes: readonly RedisNode[],
  storage: ReturnType<typeof ioredisStorage>,
): Promise<string[]> {
  // Not INFO and the like, which this itself sends.
  const ours = (before: Counts, after: Counts): number =>
    [...after].reduce(
      (sum, [what, count]) =>
        what === 'info' || what === 'connections' ? sum : sum + count - (before.get(what) ?? 0),
      0,
    )
  const holdfast = createHoldfast({ storage, cache: { near: true } })
  const { cache } = holdfast
  const storing = async (): Promise<boolean> =>
    await cache.set('key', VALUE).then(
      () => true,
      () => false,
    )
  while (!(await storing()));
  const before = await countsOf(nodes)
  while (cache.peek('key') === undefined) {
    await cache.get('key').catch(() => {})
    await delay(5)
  }
  const live = await countsOf(nodes)
  await delay(BEATS * BEAT_MS)
  const beaten = await countsOf(nodes)
  for (let i = 0; i < HITS; i += 1) await cache.get('key')
  const hit = await countsOf(nodes)
  await holdfast.close()
  const connections = (live.get('connections') ?? 0) - (before.get('connections') ?? 0)
  return [
    name,
    `+${connections}`,
    (ours(live, beaten) / BEATS).toFixed(2),
    (ours(beaten, hit) / HITS).toFixed(4),
  ]
}

export async function connectionsAndCommands(): Promise<void> {
  const node = await RedisNode.start()
  const single = new Redis(node.port)
  const ofSingle = await commandsOf('one server', [node], ioredisStorage(single))
  single.disconnect()
  await node.stop()
  const servers = await RedisCluster.start()
  const cluster = new Cluster([...servers.seeds])
  await cluster.ping()
  // It connects to a master when it first sends something there.
  await Promise.all(cluster.nodes('master').map((master) => master.ping()))
  const ofCluster = await commandsOf(
    `a cluster of ${servers.nodes.length}`,
    servers.nodes,
    ioredisStorage(cluster),
  )
  cluster.disconnect()
  await servers.stop()
  table('Connections and commands of a near cache', [
    ['', 'connections', 'commands a beat', 'commands a hit'],
    ofSingle,
    ofCluster,
  ])
}
