import { fork } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Lease } from '@holdfast/core'
import { systemRuntime } from '@holdfast/core/storage'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { afterAll, describe, expect as check, it } from 'vitest'
import { DotnetPeer } from '../peer/dotnet-peer.ts'
import type { HolderNews, HolderTask } from './holder.ts'
import { clients, openLocks } from './node-peer.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

/** Renewed every third of it. Where a machine is so busy that no renewal is answered for 3 s, a lease of that runs out. */
const LEASE = { leaseMs: 9_000 }
/** Of one that shall run out. */
const SHORT = { leaseMs: 2_000 }

const keyOf = (resource: string): string => `{hangfire}:${resource}`

async function lost(lease: Lease): Promise<unknown> {
  const { signal } = lease
  if (!signal.aborted) await once(signal, 'abort')
  return signal.reason
}

describe.concurrent.for(clients)('a lease over %s', (client) => {
  it('is renewed for as long as it is held', async ({ expect }) => {
    const resource = `renewed ${randomUUID()}`
    await using node = await openLocks(client, url)
    await using lease = await node.locks.acquire(resource, LEASE)
    let [before, renewals] = [Infinity, 0]
    // Four renewals are more than one lease.
    await expect
      .poll(async () => {
        const left = await admin.pttl(keyOf(resource))
        if (left > before) renewals += 1
        before = left
        return renewals
      })
      .toBeGreaterThanOrEqual(4)
    lease.assertValid()
    expect(await admin.get(keyOf(resource))).toBe(lease.token)
  })

  it('H1: that a program deleted is noticed at the next renewal, and stays free', async ({ expect }) => {
    const resource = `deleted ${randomUUID()}`
    await using node = await openLocks(client, url)
    const lease = await node.locks.acquire(resource, LEASE)
    await admin.del(keyOf(resource))
    expect(await lost(lease)).toMatchObject({ code: 'LEASE_LOST', reason: 'taken', lockName: resource })
    expect(await admin.exists(keyOf(resource))).toBe(0)
    expect(await lease.release()).toBe('expired')
  })

  it('H2: that .NET has taken meanwhile is neither lengthened nor deleted', async ({ expect }) => {
    const resource = `taken ${randomUUID()}`
    await using node = await openLocks(client, url)
    using peer = new DotnetPeer(url, '1.12.0')
    const lease = await node.locks.acquire(resource, LEASE)
    await admin.del(keyOf(resource))
    expect(await peer.acquire(resource, 0)).toBe(true)
    // Any renewal or release of ours would show here.
    await admin.persist(keyOf(resource))
    expect(await lost(lease)).toMatchObject({ code: 'LEASE_LOST', reason: 'taken' })
    expect(await lease.release()).toBe('lost')
    expect(await admin.get(keyOf(resource))).toBe(peer.owner)
    expect(await admin.pttl(keyOf(resource))).toBe(-1)
    expect(await peer.release(resource)).toBe(true)
  })

  it('H2: a hash in its place is held, and is left as it is', async ({ expect }) => {
    const resource = `a hash ${randomUUID()}`
    await using node = await openLocks(client, url)
    const lease = await node.locks.acquire(resource, LEASE)
    await admin.multi().del(keyOf(resource)).hset(keyOf(resource), 'a', 'b').exec()
    expect(await lost(lease)).toMatchObject({ code: 'LEASE_LOST', reason: 'taken' })
    expect(await lease.release()).toBe('lost')
    expect(await node.locks.tryAcquire(resource)).toBeNull()
    const { holders } = await node.locks.inspect(resource)
    expect(holders).toEqual([expect.objectContaining({ owner: '(a hash under its key)' })])
    expect(await node.locks.revoke(resource)).toEqual([])
    expect(await admin.hgetall(keyOf(resource))).toEqual({ a: 'b' })
    expect(await admin.pttl(keyOf(resource))).toBe(-1)
  })

  it('is lost with all data of Redis', async ({ expect }) => {
    await using server = await startRedis()
    using peer = new DotnetPeer(server.url, '1.9.4')
    await using node = await openLocks(client, server.url)
    const lease = await node.locks.acquire('flushed', LEASE)
    await peer.process.redis.flushall()
    expect(await peer.acquire('flushed', 0)).toBe(true)
    expect(await lost(lease)).toMatchObject({ code: 'LEASE_LOST', reason: 'taken' })
    expect(['expired', 'lost']).toContain(await lease.release())
    expect(await peer.process.redis.get(peer.keyOf('flushed'))).toBe(peer.owner)
  })

  it('H1: its signal aborts before the key can expire, also when Redis does not answer', async ({
    expect,
  }) => {
    await using server = await startRedis()
    await using node = await openLocks(client, server.url)
    const lease = await node.locks.acquire('silent', SHORT)
    process.kill(server.pid, 'SIGSTOP')
    const reason = await lost(lease)
    expect(reason).toMatchObject({ code: 'LEASE_LOST' })
    expect(lease.remainingMs()).toBe(0)
    process.kill(server.pid, 'SIGCONT')
  })

  it('of a process that is stopped for longer goes to .NET, and the process notices', async ({ expect }) => {
    const resource = `stopped ${randomUUID()}`
    await using holder = await startHolder({ client, url, resource, ...SHORT })
    using peer = new DotnetPeer(url, '1.12.0')
    expect(await peer.acquire(resource, 0)).toBe(false)
    holder.child.kill('SIGSTOP')
    expect(await peer.acquire(resource, 300_000)).toBe(true)
    await admin.persist(keyOf(resource))
    holder.child.kill('SIGCONT')
    expect(await holder.next()).toEqual({ type: 'aborted', isLeaseLost: true, outcome: 'lost' })
    expect(await admin.get(keyOf(resource))).toBe(peer.owner)
    expect(await admin.pttl(keyOf(resource))).toBe(-1)
    expect(await peer.release(resource)).toBe(true)
  })

  it('of a process that was killed goes to the next, on either side', async ({ expect }) => {
    const [toNode, toDotnet] = [`killed ${randomUUID()}`, `killed ${randomUUID()}`]
    await using node = await openLocks(client, url)
    using peer = new DotnetPeer(url, '1.9.4')
    const [first, second] = await Promise.all(
      [toNode, toDotnet].map((resource) => startHolder({ client, url, resource, ...SHORT })),
    )
    first?.child.kill('SIGKILL')
    second?.child.kill('SIGKILL')
    const [lease, isGranted] = await Promise.all([
      node.locks.acquire(toNode, { waitMs: 300_000 }),
      peer.acquire(toDotnet, 300_000),
    ])
    expect(isGranted).toBe(true)
    expect(await lease.release()).toBe('released')
    expect(await peer.release(toDotnet)).toBe(true)
  })
})

it('H1: a lease is 30 s, and is renewed within 10 s, unless another is given', async () => {
  const timers: number[] = []
  const runtime = {
    ...systemRuntime,
    setTimer: (...[ms, fn, options]: Parameters<typeof systemRuntime.setTimer>) => {
      if (options?.background === true) timers.push(ms)
      return systemRuntime.setTimer(ms, fn, options)
    },
  }
  await using node = await openLocks('ioredis', url, { runtime })
  await using lease = await node.locks.acquire(`standard ${randomUUID()}`)
  const left = await admin.pttl(keyOf(lease.name))
  check(left).toBeGreaterThan(20_000)
  check(left).toBeLessThanOrEqual(30_000)
  // Its own end comes before that of the key, by 2 % for clocks, no matter how long Redis took to answer.
  const [at, ownMs] = [performance.now(), lease.remainingMs()]
  const keyMs = await admin.pttl(keyOf(lease.name))
  check(ownMs).toBeLessThanOrEqual(keyMs + (performance.now() - at) - 590)
  check(Math.min(...timers)).toBeLessThanOrEqual(10_000)
})

async function startHolder(task: HolderTask) {
  const child = fork(join(import.meta.dirname, 'holder.ts'), [JSON.stringify(task)], {
    execArgv: ['--conditions=@holdfast/source', '--disable-warning=ExperimentalWarning'],
  })
  const next = async (): Promise<HolderNews> => {
    const [news] = (await once(child, 'message')) as [HolderNews]
    return news
  }
  check(await next()).toMatchObject({ type: 'holds' })
  return {
    child,
    next,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
  }
}
