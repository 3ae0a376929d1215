import type { Storage } from '@holdfast/core'
import { Followed } from '@holdfast/core/testing'
import { type IoredisCluster, ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { RedisCluster, type RedisNode, until } from '@holdfast/test-support/servers'
import { Cluster } from 'ioredis'
import { Cluster as Cluster5 } from 'ioredis5'
import { createCluster } from 'redis'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { FeedWitness, Writer } from '../../src/near/feed-witness.ts'
import { type Connected, connected } from '../../src/connect.ts'

const servers = await RedisCluster.start({ replicas: 1 })
afterAll(async () => await servers.stop())
const seeds = [...servers.seeds]
/** In many slots of every master. */
const keys = Array.from({ length: 24 }, (_, i) => `app:{${i}}`)

function overIoredis(client: IoredisCluster & { disconnect(): void }): Connected {
  client.on('error', () => {})
  return connected(ioredisStorage(client), () => client.disconnect())
}

async function overNodeRedis(): Promise<Connected> {
  const client = createCluster({ rootNodes: seeds.map((socket) => ({ socket })) })
  client.on('error', () => {})
  await client.connect()
  return connected(nodeRedisStorage(client), () => client.destroy())
}

const clients = {
  'ioredis 6': () => overIoredis(new Cluster(seeds)),
  'ioredis 5': () => overIoredis(new Cluster5(seeds)),
  'redis 6': overNodeRedis,
}

/** Reads all the time, as a process with near copies does of what it does not have: so its client learns where slots are. */
function readAlways(storage: Storage): void {
  const reading = setInterval(() => void storage.values.getMany(keys).catch(() => {}), 50)
  onTestFinished(() => clearInterval(reading))
}

/** Every client follows and perhaps reads, and one more writes, while something happens to the cluster. */
async function during(happens: () => Promise<void>, { reads = true } = {}): Promise<void> {
  const all = await Promise.all(
    Object.entries(clients).map(async ([name, connect]) => {
      const opened = await connect()
      onTestFinished(async () => await opened[Symbol.asyncDispose]())
      const followed = new Followed(opened.storage.values, 'app:', 1_000)
      onTestFinished(() => followed.stop())
      const witness = new FeedWitness(opened.storage, 'app:', 1_000)
      onTestFinished(() => witness.stop())
      await followed.up()
      if (reads) readAlways(opened.storage)
      return { name, followed, witness }
    }),
  )
  const writing = overIoredis(new Cluster(seeds))
  onTestFinished(async () => await writing[Symbol.asyncDispose]())
  const writer = new Writer(writing.storage, keys)
  await happens()
  // Whatever has happened, a write is reported again.
  for (const { followed } of all) {
    await followed.down()
    await followed.up(1)
  }
  const from = performance.now()
  await until('all keys are written again', async () =>
    keys.every((key) => writer.writes.some((write) => write.key === key && write.startedAt > from)),
  )
  await writer.stop()
  await Promise.all(all.map(({ followed }) => followed.proven(performance.now())))
  for (const { name, witness } of all) expect(witness.unreported(writer.writes), name).toEqual([])
}

async function otherMasterThan(node: RedisNode): Promise<RedisNode> {
  const owners = await Promise.all(keys.map((key) => servers.ownerOf(`holdfast:v:${key}`)))
  const other = owners.find((owner) => owner !== node)
  if (other === undefined) throw new Error('there is no other master')
  return other
}

it('reports every write while a slot moves with its keys', async () => {
  await during(async () => {
    const key = `holdfast:v:${keys[0]}`
    await servers.moveSlot(key, await otherMasterThan(await servers.ownerOf(key)))
  })
})

it('reports every write when a master is killed', async () => {
  await during(async () => {
    await servers.failOver(await servers.ownerOf(`holdfast:v:${keys[2]}`))
  })
})

// The last one: the cluster is not whole afterwards.
it('reports every write when a master is demoted that answers on, and gets nothing any more', async () => {
  // Nothing is read: every read is answered by a copy.
  const demote = async (): Promise<void> => {
    const old = await servers.ownerOf(`holdfast:v:${keys[1]}`)
    const id = String(await old.ask('CLUSTER', 'MYID'))
    const ports = ((await old.ask('CLUSTER', 'REPLICAS', id)) as readonly string[]).map((line) =>
      Number(/ [^ ]*?:(\d+)@/.exec(line)?.[1]),
    )
    const replica = servers.nodes.find(({ port }) => ports.includes(port))
    if (replica === undefined) throw new Error('the master has no replica')
    // As a replica it cannot log in.
    await old.ask('CONFIG', 'SET', 'masteruser', 'nobody', 'masterauth', 'wrong')
    await replica.ask('CLUSTER', 'FAILOVER')
    await until('it is demoted, and cut off', async () => {
      const { role, master_link_status: link } = await old.info('replication')
      return role === 'slave' && link === 'down'
    })
  }
  await during(demote, { reads: false })
})
