/** The command finds a lock on a cluster, behind sentinels and over TLS. */
import { join } from 'node:path'
import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { startRedis } from '@holdfast/test-support/redis'
import {
  RedisCluster,
  SentinelGroup,
  freePort,
  makeCertificate,
  temporaryDirectory,
} from '@holdfast/test-support/servers'
import { Cluster, Redis } from 'ioredis'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { runCli } from './run-cli.ts'

async function holdLocks(client: Redis | Cluster, names: readonly string[]): Promise<void> {
  const holdfast = createHoldfast({ storage: ioredisStorage(client), prefix: 'shop', instance: 'web-1' })
  for (const name of names) await holdfast.locks.acquire(name, { leaseMs: 600_000 })
  // The cache gives a call 250 ms, which a busy machine may use up.
  await vi.waitFor(() => holdfast.cache.set('price', 1), { timeout: 120_000 })
  client.disconnect()
}

/** Of the locks that are listed, by each client. */
async function listedOn(url: string, ...args: readonly string[]): Promise<unknown[]> {
  const runs = await Promise.all(
    ['ioredis', 'redis'].map((client) =>
      runCli(['locks', 'list', '--json', '--prefix', 'shop', '--client', client, ...args], {
        HOLDFAST_REDIS_URL: url,
      }),
    ),
  )
  return runs.map(({ code, out, err }) => {
    if (code !== 0) return err
    const { locks } = JSON.parse(out) as { locks: readonly { readonly name: string }[] }
    return locks.map(({ name }) => name).toSorted()
  })
}

describe('holdfast', () => {
  it('finds all of a cluster from one node, or from several', async () => {
    const servers = await RedisCluster.start()
    onTestFinished(() => servers.stop())
    // Slots of several masters.
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    await holdLocks(new Cluster([...servers.seeds]), names)
    const [first = expect.unreachable()] = servers.seeds
    expect(await listedOn(`redis://${first.host}:${first.port}`)).toEqual([names, names])
    const all = servers.seeds.map(({ host, port }) => `${host}:${port}`).join(',')
    const env = { HOLDFAST_REDIS_URL: `redis://${all}`, HOLDFAST_PREFIX: 'shop' }
    const [size, doctor] = await Promise.all([
      runCli(['cache', 'size', '--client', 'redis'], env),
      runCli(['doctor'], env),
    ])
    expect(size.out).toMatch(/^\(no namespace\) +1 +\d+ B$/m)
    expect([doctor.code, doctor.out]).toEqual([0, expect.stringMatching(/\nready, with \d warnings?\n$/)])
  })

  it('asks sentinels for the primary', async () => {
    const group = await SentinelGroup.start()
    onTestFinished(() => group.stop())
    await holdLocks(new Redis({ sentinels: [...group.sentinels], name: group.name }), ['report'])
    const sentinels = group.sentinels.map(({ host, port }) => `${host}:${port}`).join(',')
    expect(await listedOn(`redis-sentinel://${sentinels}/${group.name}`)).toEqual([['report'], ['report']])
  })

  it('speaks TLS with an authority of yours, and refuses a stranger', async (context) => {
    const directory = temporaryDirectory()
    onTestFinished(() => directory.remove())
    const certificates = join(directory.path, 'tls')
    await makeCertificate(certificates)
    const file = (name: string): string => join(certificates, name)
    const port = await freePort()
    const tls = [
      '--tls-port',
      String(port),
      '--tls-auth-clients',
      'yes',
      '--tls-ca-cert-file',
      file('ca.crt'),
    ]
    const server = await startRedis({
      args: [...tls, '--tls-cert-file', file('redis.crt'), '--tls-key-file', file('redis.key')],
    }).catch((error: Error) => {
      if (!/tls|Bad directive/i.test(error.message)) throw error
      return context.skip('the Redis server of this machine was built without TLS')
    })
    onTestFinished(() => server.stop())
    await holdLocks(new Redis(server.url), ['report'])
    const url = `rediss://127.0.0.1:${port}`
    const own = ['--tls-cert', file('redis.crt'), '--tls-key', file('redis.key')]
    expect(await listedOn(url, '--tls-ca', file('ca.crt'), ...own)).toEqual([['report'], ['report']])
    // The server asks for a certificate.
    for (const refused of await listedOn(url, '--tls-ca', file('ca.crt'), '--timeout-ms', '5000'))
      expect(refused).toMatch(/^holdfast: rediss:\S+ cannot be reached: [^\n]*\n$/)
    for (const refused of await listedOn(url))
      expect(refused).toMatch(/^holdfast: rediss:\S+ cannot be reached: .*self[- ]signed certificate.*\n$/)
  })
})
