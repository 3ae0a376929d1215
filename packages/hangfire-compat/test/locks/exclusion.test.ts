import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { DotnetPeer, generations } from '../peer/dotnet-peer.ts'
import { clients, openLocks } from './node-peer.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

/** Two processes at least, one of each side, take turns so often. */
const ROUNDS = 12

describe.concurrent('H1: while either side holds a resource, the other is not granted it', () => {
  it.for(generations)('neither in a race with %s, judged by a counter', async (generation) => {
    const resource = `raced ${randomUUID()}`
    const witness = `witness:${resource}`
    await using ioredis = await openLocks('ioredis', url)
    await using nodeRedis = await openLocks('redis', url)
    using first = new DotnetPeer(url, generation)
    using second = new DotnetPeer(url, generation)
    const inside: number[] = []
    const critical = async (): Promise<void> => {
      inside.push(await admin.incr(witness))
      // What is not exclusive overlaps here: other clients' commands get in between.
      await Promise.all(Array.from({ length: 5 }, () => admin.ping()))
      await admin.decr(witness)
    }
    const nodeTurns = async ({ locks }: typeof ioredis): Promise<void> => {
      for (let round = 0; round < ROUNDS; round += 1) await locks.run(resource, { waitMs: 300_000 }, critical)
    }
    const dotnetTurns = async (peer: DotnetPeer): Promise<void> => {
      for (let round = 0; round < ROUNDS; round += 1) {
        expect(await peer.acquire(resource, 300_000)).toBe(true)
        await critical()
        expect(await peer.release(resource)).toBe(true)
      }
    }
    await Promise.all([nodeTurns(ioredis), nodeTurns(nodeRedis), dotnetTurns(first), dotnetTurns(second)])
    expect(inside).toEqual(Array.from({ length: 4 * ROUNDS }, () => 1))
    expect(await admin.exists(first.keyOf(resource))).toBe(0)
    await admin.del(witness)
  })

  it.for(clients)('Node waits over %s while .NET holds it, and names the holder', async (client) => {
    const resource = `dotnet holds ${randomUUID()}`
    await using node = await openLocks(client, url)
    for (const generation of generations) {
      using peer = new DotnetPeer(url, generation)
      expect(await peer.acquire(resource, 0)).toBe(true)
      expect(await node.locks.tryAcquire(resource)).toBeNull()
      await expect(node.locks.acquire(resource, { waitMs: 250 })).rejects.toMatchObject({
        code: 'LOCK_TIMEOUT',
        lockName: resource,
        holders: [expect.objectContaining({ owner: peer.owner, token: peer.owner })],
      })
      const skipped = await node.locks.run(resource, { whenHeld: 'skip' }, () => 'ran')
      expect(skipped).toMatchObject({ status: 'skipped', holders: [{ owner: peer.owner }] })

      const waiting = node.locks.acquire(resource, { waitMs: 300_000 })
      expect(await peer.extend(resource)).toBe(true)
      expect(await peer.release(resource)).toBe(true)
      const lease = await waiting
      expect(await peer.acquire(resource, 50)).toBe(false)
      expect(await lease.release()).toBe('released')
      expect(await peer.acquire(resource, 300_000)).toBe(true)
      expect(await peer.release(resource)).toBe(true)
    }
  })

  it.for(clients)('what a .NET process has left that died goes to Node, over %s', async (client) => {
    const resource = `dotnet died ${randomUUID()}`
    await using node = await openLocks(client, url)
    using peer = new DotnetPeer(url, '1.12.0')
    await peer.acquire(resource, 0)
    const waiting = node.locks.acquire(resource, { waitMs: 300_000 })
    await admin.pexpire(peer.keyOf(resource), 300)
    expect(await (await waiting).release()).toBe('released')
  })

  it.for(clients)("the key of a lease is .NET's, with another value each time, over %s", async (client) => {
    const resource = `${randomUUID()}: "a b" ä`
    const prefix = 'Tahrir_Hangfire_Prod_2'
    await using node = await openLocks(client, url, { prefix })
    using peer = new DotnetPeer(url, '1.9.4', { prefix })
    const values = new Set<string | null>()
    for (let round = 0; round < 3; round += 1) {
      await using lease = await node.locks.acquire(resource)
      expect(lease.name).toBe(resource)
      values.add(await admin.get(`${prefix}${resource}`))
      const ttl = await admin.pttl(`${prefix}${resource}`)
      expect(ttl).toBeGreaterThan(0)
      expect(ttl).toBeLessThanOrEqual(30_000)
      expect(await peer.acquire(resource, 0)).toBe(false)
    }
    expect(values.size).toBe(3)
    expect(values).not.toContain(null)
    expect(await admin.exists(`${prefix}${resource}`)).toBe(0)
  })

  it('a call inside of a run that holds it throws at once', async () => {
    const resource = `nested ${randomUUID()}`
    await using node = await openLocks('ioredis', url)
    await expect(
      node.locks.run(resource, () => node.locks.run(resource, { waitMs: Infinity }, () => {})),
    ).rejects.toMatchObject({ code: 'SELF_DEADLOCK' })
    expect(await node.locks.tryAcquire(resource)).not.toBeNull()
  })

  it('an aborted or closed wait leaves nothing behind', async () => {
    const resource = `aborted ${randomUUID()}`
    using peer = new DotnetPeer(url, '1.9.4')
    await peer.acquire(resource, 0)
    const node = await openLocks('redis', url)
    const controller = new AbortController()
    const aborted = node.locks.acquire(resource, { waitMs: Infinity, signal: controller.signal })
    const closed = node.locks.acquire(resource, { waitMs: Infinity })
    controller.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
    await Promise.all([
      node[Symbol.asyncDispose](),
      expect(closed).rejects.toMatchObject({ code: 'LOCK_ABORTED' }),
    ])
    await expect(node.locks.acquire(resource)).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await admin.get(peer.keyOf(resource))).toBe(peer.owner)
  })
})
