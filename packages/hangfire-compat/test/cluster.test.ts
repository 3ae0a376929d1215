import { createHoldfast, memoryStorage } from '@holdfast/core'
import { ioredisClient } from '@holdfast/redis-ioredis'
import { nodeRedisClient } from '@holdfast/redis-node'
import { RedisCluster } from '@holdfast/test-support/servers'
import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { afterAll, describe, expect, it } from 'vitest'
import { createHangfire, createHangfireLocks, defineHangfireJob, t } from '../src/index.ts'
import { handle } from '../src/server/handle.ts'
import { echo } from './server/jobs.ts'

const servers = await RedisCluster.start()
afterAll(async () => await servers.stop())

const clients = {
  async ioredis() {
    const cluster = new Cluster([...servers.seeds])
    cluster.on('error', () => {})
    return { client: ioredisClient(cluster), end: () => cluster.disconnect() }
  },
  async redis() {
    const cluster = createCluster({ rootNodes: servers.seeds.map((socket) => ({ socket })) })
    cluster.on('error', () => {})
    await cluster.connect()
    return { client: nodeRedisClient(cluster), end: () => cluster.destroy() }
  },
}
const mail = defineHangfireJob({ type: 'Acme.Mail, Acme', method: 'Send', parameters: [t.string] })

describe.for(Object.entries(clients))('on a cluster, over %s', ([name, open]) => {
  it('a prefix with a hash tag has all of a job in one slot', async () => {
    const { client, end } = await open()
    const prefix = `{of ${name}}:`
    const options = { client, prefix, callTimeoutMs: 60_000 }
    await using hangfire = createHangfire({ ...options, dates: 'ms', typeNames: 'simple' })
    const { jobs, monitor, locks } = hangfire
    const parent = await jobs.enqueue(mail, ['ann'])
    const child = await jobs.continueWith(parent, mail, ['bob'], { on: 'any', queue: 'node' })
    const later = await jobs.schedule(mail, ['eve'], { delayMs: 60_000 })
    expect([await jobs.delete(parent), await jobs.requeue(later)]).toEqual([true, true])
    const states = await Promise.all([parent, child, later].map(async (id) => (await monitor.job(id))?.state))
    expect(states).toEqual(['Deleted', 'Enqueued', 'Enqueued'])
    expect(await locks.run('a', () => 'held')).toBe('held')
    // What is there shows how to write.
    await using detecting = createHangfire({ ...options })
    expect(await detecting.jobs.enqueue(mail, ['ann'])).toMatch(/^[0-9a-f-]{36}$/)
    end()
  })

  it('a prefix without one is refused', async () => {
    const { client, end } = await open()
    expect(() => createHangfire({ client, prefix: 'hangfire:' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
    client.detach()
    end()
  })

  it('a lock lies in the slot of the prefix', async () => {
    const { client, end } = await open()
    const prefix = `{locks of ${name}}:`
    const locks = createHangfireLocks(client, { prefix })
    const lease = await locks.acquire('a b')
    expect(await client.send(['GET', `${prefix}a b`], `${prefix}a b`)).toBe(lease.token)
    expect(await locks.tryAcquire('a b')).toBeNull()
    const waiting = locks.acquire('a b', { waitMs: 300_000 })
    await lease.extend(100)
    expect(await lease.release()).toBe('released')
    const next = await waiting
    expect(next.fencingToken).toBeGreaterThan(lease.fencingToken)
    expect(await locks.revoke('a b')).toEqual([next.token])
    expect(next.signal.aborted).toBe(true)
    await locks.close()
    end()
  })

  it('locks refuse a prefix without a hash tag', async () => {
    const { client, end } = await open()
    expect(() => createHangfireLocks(client, { prefix: 'hangfire:' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
    client.detach()
    end()
  })

  it('jobs are taken and ended in the slot of their prefix', async () => {
    const { client, end } = await open()
    const holdfast = createHoldfast({ storage: memoryStorage(), prefix: 'test' })
    const hangfire = createHangfire({
      client,
      prefix: `{server of ${name}}:`,
      mode: 'own',
      callTimeoutMs: 20_000,
    })
    const id = await hangfire.jobs.enqueue(echo, ['hello'])
    await hangfire.serve({ queues: ['node'], holdfast }, [
      handle(echo, { disableConcurrentExecution: { waitMs: 10_000 } }, async ([text], job) => {
        await job.updateProgress(50, text)
        return text
      }),
    ])
    await expect
      .poll(async () => (await hangfire.monitor.job(id))?.details)
      .toMatchObject({ name: 'Succeeded', result: '"hello"' })
    const woken = await hangfire.jobs.enqueue(echo, ['again'])
    await expect.poll(async () => (await hangfire.monitor.job(woken))?.state).toBe('Succeeded')
    await hangfire.close()
    await holdfast.close()
    end()
  })
})
