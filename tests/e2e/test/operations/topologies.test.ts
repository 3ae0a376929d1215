/** Sentinel, cluster and TLS as the templates of examples/operations set them up, and both clients as the examples connect. */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Storage, createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { RespConnection, ask } from '@holdfast/test-support/resp'
import {
  QUICK_SENTINEL,
  freePort,
  makeCertificate,
  temporaryDirectory,
  until,
} from '@holdfast/test-support/servers'
import { Cluster, Redis } from 'ioredis'
import { expect, it } from 'vitest'

import {
  type TemplateOptions,
  type TemplateServer,
  runExample,
  startTemplate,
} from '../../src/operations/templates.ts'

const login = { username: 'holdfast', password: 'change-me' }
/** Of the examples: one line for each of the two clients. */
const worked = { stdout: 'locked\nlocked\n', stderr: '' }

async function findsNothing(client: { disconnect(): void }, storage: Storage): Promise<void> {
  const holdfast = createHoldfast({ storage, callTimeoutMs: 20_000 })
  await expect.poll(() => holdfast.health()).toMatchObject({ status: 'up', findings: [] })
  await holdfast.close()
  client.disconnect()
}

it('sentinels find the primary for both clients, and the one after it', async () => {
  await using primary = await startTemplate(['redis-production.conf'])
  await using replica = await startTemplate(['redis-production.conf'], {
    args: ['--replicaof', '127.0.0.1', String(primary.port)],
  })
  const servers = [primary, replica]
  const roleOf = async (server: TemplateServer) => String(((await server.ask('ROLE')) as unknown[])[0])
  const isLinked = async (server: TemplateServer) =>
    String(await server.ask('INFO', 'replication')).includes('master_link_status:up')
  await until('the replica follows', async () => await isLinked(replica))

  const sentinel: TemplateOptions = {
    args: ['--sentinel'],
    readyLine: /\+monitor/,
    edit: (text) => text.replaceAll('10.0.0.1 6379', `127.0.0.1 ${primary.port}`),
  }
  await using first = await startTemplate(['sentinel.conf'], sentinel)
  await using second = await startTemplate(['sentinel.conf'], sentinel)
  await using third = await startTemplate(['sentinel.conf'], sentinel)
  const sentinels = [first, second, third]
  for (const each of sentinels) {
    await each.ask(...QUICK_SENTINEL).catch(() => {})
  }
  const known = async (each: TemplateServer, field: string) => {
    const fields = (await each.ask('SENTINEL', 'MASTER', 'holdfast')) as string[]
    return Number(fields[fields.indexOf(field) + 1])
  }
  for (const each of sentinels) {
    await until('the sentinels know each other', async () => (await known(each, 'num-other-sentinels')) === 2)
    await until('they know the replica', async () => (await known(each, 'num-slaves')) === 1)
  }
  const addresses = sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
  const env = { SENTINELS: addresses.map(({ host, port }) => `${host}:${port}`).join(',') }
  const health = async () => {
    const client = new Redis({ name: 'holdfast', sentinels: addresses, ...login })
    client.on('error', () => {})
    await findsNothing(client, ioredisStorage(client))
  }
  expect(await runExample('sentinel.ts', env)).toEqual(worked)
  await health()

  await first.ask('SENTINEL', 'FAILOVER', 'holdfast')
  await until('the replica is the primary, and the old primary follows it', async () => {
    const [old, next] = [await roleOf(primary), await roleOf(replica)]
    return old === 'slave' && next === 'master' && (await isLinked(primary))
  })
  const named = async (each: TemplateServer) =>
    ((await each.ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'holdfast')) as string[])[1]
  for (const each of sentinels)
    await until('all sentinels name it', async () => (await named(each)) === String(replica.port))
  expect(await runExample('sentinel.ts', env)).toEqual(worked)
  await health()
  // The users of sentinels and replicas have all the rights that they need.
  for (const server of servers) expect(await server.ask('ACL', 'LOG')).toEqual([])
})

it('a cluster of nodes from the templates serves both clients', async () => {
  const start = () => startTemplate(['redis-production.conf', 'redis-cluster.conf'])
  await using first = await start()
  await using second = await start()
  await using third = await start()
  const nodes = [first, second, third]
  for (const [index, node] of nodes.entries()) {
    await node.ask('CLUSTER', 'SET-CONFIG-EPOCH', index + 1)
    const [from, to] = [index * 5_462, Math.min((index + 1) * 5_462, 16_384)]
    await node.ask('CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => from + slot))
  }
  for (const node of nodes) await first.ask('CLUSTER', 'MEET', '127.0.0.1', node.port)
  for (const node of nodes) {
    await until('the cluster is whole', async () => {
      const info = String(await node.ask('CLUSTER', 'INFO'))
      return info.includes('cluster_state:ok') && info.includes('cluster_known_nodes:3')
    })
  }
  const REDIS_NODES = nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')
  expect(await runExample('cluster.ts', { REDIS_NODES })).toEqual(worked)
  const client = new Cluster([{ host: '127.0.0.1', port: first.port }], { redisOptions: login })
  client.on('error', () => {})
  await findsNothing(client, ioredisStorage(client))
})

it('a server speaks TLS with both clients, and nothing else', async (context) => {
  const directory = temporaryDirectory()
  try {
    const certificates = join(directory.path, 'tls')
    await makeCertificate(certificates)
    const port = await freePort()
    await using server = await startTemplate(['redis-production.conf', 'redis-tls.conf'], {
      args: ['--port', '0', '--tls-port', String(port)],
      edit: (text) => text.replaceAll('/etc/redis/tls', certificates),
    }).catch((error: Error) => {
      if (!/tls.*\n.*Bad directive/.test(error.message)) throw error
      console.log('skipped: the Redis server of this machine was built without TLS')
      return context.skip('the Redis server of this machine was built without TLS')
    })
    const url = `rediss://holdfast:change-me@127.0.0.1:${port}`
    const REDIS_CA = join(certificates, 'ca.crt')
    expect(await runExample('tls.ts', { REDIS_URL: url, REDIS_CA })).toEqual(worked)
    const client = new Redis(url, { tls: { ca: readFileSync(REDIS_CA) } })
    client.on('error', () => {})
    await findsNothing(client, ioredisStorage(client))

    using plain = await RespConnection.open({ port })
    await expect(plain.send('PING')).rejects.toThrow('closed the connection')
    await expect(ask({ port: server.port }, 'PING')).rejects.toThrow('ECONNREFUSED')
    // A client that does not know the authority refuses the server.
    const stranger = new Redis(url, { lazyConnect: true })
    const problem = once(stranger, 'error')
    stranger.connect().catch(() => {})
    expect(await problem).toMatchObject([{ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }])
    stranger.disconnect()
  } finally {
    await directory.remove()
  }
})
