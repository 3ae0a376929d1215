import { randomUUID } from 'node:crypto'
import type { LeaseStorage } from '@holdfast/core/storage'
import { createScriptRunner } from '@holdfast/redis-protocol'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { createHangfireLocks } from '../../src/index.ts'
import { hangfireLeases } from '../../src/locks/hangfire-leases.ts'
import { documentedRights } from '../documented-rights.ts'
import { eventually } from '../eventually.ts'
import { DotnetPeer } from '../peer/dotnet-peer.ts'
import { connect, openLocks } from './node-peer.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
const peer = new DotnetPeer(url, '1.9.4')
const { client, end } = await connect('ioredis', url)
afterAll(() => {
  admin.disconnect()
  peer[Symbol.dispose]()
  end()
})

const leases: LeaseStorage = hangfireLeases('{hangfire}:', createScriptRunner(client))
const FAR = 9_999_999_999_999
let tokens = 0
const fresh = () => ({ resource: randomUUID(), token: `node~test.${(tokens += 1)}` })
const request = (token: string, more: object = {}) => ({
  token,
  leaseMs: 30_000,
  permits: 1,
  wait: false,
  claimMs: 3_000,
  notAfter: FAR,
  ...more,
})
const now = async (): Promise<number> => (await leases.inspect('no one holds this')).now

describe('a command that is lost, repeated or late', () => {
  it('acquire: a repetition has the answer of one', async () => {
    const { resource, token } = fresh()
    const first = await leases.acquire(resource, request(token))
    const again = await leases.acquire(resource, request(token))
    expect(first).toMatchObject({ outcome: 'granted' })
    expect(again).toEqual({ ...first, now: again.now })
  })

  it('acquire: after its notAfter it does nothing', async () => {
    const { resource, token } = fresh()
    const late = await leases.acquire(resource, request(token, { notAfter: (await now()) - 1 }))
    expect(late).toMatchObject({ outcome: 'late' })
    expect(await admin.exists(`{hangfire}:${resource}`)).toBe(0)
  })

  it('acquire: after its release, or a refusal, it is not granted any more', async () => {
    const { resource, token } = fresh()
    const notAfter = (await now()) + 60_000
    await leases.acquire(resource, request(token, { notAfter }))
    expect(await leases.release(resource, { token, claimMs: 1, notAfter })).toMatchObject({
      outcome: 'released',
    })
    expect(await leases.acquire(resource, request(token, { notAfter }))).toMatchObject({ outcome: 'ended' })

    const cancelled = fresh()
    const nothing = await leases.release(cancelled.resource, { ...cancelled, claimMs: 1, notAfter })
    expect(nothing).toMatchObject({ outcome: 'absent' })
    expect(await leases.acquire(cancelled.resource, request(cancelled.token, { notAfter }))).toMatchObject({
      outcome: 'ended',
    })

    const refused = fresh()
    await peer.acquire(refused.resource, 0)
    const busy = await leases.acquire(refused.resource, request(refused.token, { notAfter }))
    expect(busy).toMatchObject({ outcome: 'busy' })
    await peer.release(refused.resource)
    expect(await leases.acquire(refused.resource, request(refused.token, { notAfter }))).toMatchObject({
      outcome: 'ended',
    })
  })

  it('release: a repetition has the first answer, no matter who holds it since', async () => {
    for (const notAfter of [0, FAR]) {
      const { resource, token } = fresh()
      await leases.acquire(resource, request(token))
      const release = () => leases.release(resource, { token, claimMs: 1, notAfter })
      expect(await release()).toMatchObject({ outcome: 'released' })
      expect(await release()).toMatchObject({ outcome: 'released' })
      expect(await peer.acquire(resource, 0)).toBe(true)
      expect(await release()).toMatchObject({ outcome: 'released' })
      expect(await admin.get(peer.keyOf(resource))).toBe(peer.owner)
    }
  })

  it('extend: it never shortens, and revives nothing', async () => {
    const { resource, token } = fresh()
    await leases.acquire(resource, request(token))
    const short = await leases.extend(resource, { token, leaseMs: 1_000 })
    expect(short.remainingMs).toBeGreaterThan(1_000)
    await admin.del(peer.keyOf(resource))
    expect(await leases.extend(resource, { token, leaseMs: 1_000 })).toMatchObject({ held: false })
    expect(await admin.exists(peer.keyOf(resource))).toBe(0)
  })
})

describe('the fencing token', () => {
  it('grows from holder to holder in Node, no matter which holders of .NET come between', async () => {
    await using node = await openLocks('redis', url)
    const resource = randomUUID()
    const fences: number[] = []
    for (let round = 0; round < 4; round += 1) {
      const lease = await node.locks.acquire(resource)
      fences.push(lease.fencingToken)
      await lease.release()
      await peer.acquire(resource, 0)
      await peer.release(resource)
    }
    expect(fences).toEqual([...new Set(fences)].sort((a, b) => a - b))
  })

  it('grows also when the clock of Redis was set back', async () => {
    const { resource, token } = fresh()
    const ahead = 4_000_000_000_000_000
    await admin.set(`{hangfire}:holdfast:lock:${resource}`, `${ahead}rnode~test.0`, 'PX', 60_000)
    expect(await leases.acquire(resource, request(token))).toMatchObject({ fence: ahead + 1 })
  })

  it('is remembered for longer than the lease lasts, and not for ever', async () => {
    const { resource, token } = fresh()
    await leases.acquire(resource, request(token, { leaseMs: 1_000 }))
    const memory = `{hangfire}:holdfast:lock:${resource}`
    await admin.pexpire(memory, 1_000)
    await leases.extend(resource, { token, leaseMs: 2_000 })
    const held = await admin.pttl(memory)
    expect(held).toBeGreaterThan(50_000)
    await leases.release(resource, { token, claimMs: 1, notAfter: (await now()) + 1_000 })
    const left = await admin.pttl(memory)
    expect(left).toBeGreaterThan(50_000)
    expect(left).toBeLessThanOrEqual(60_000)
    expect(await admin.pttl(`{hangfire}:holdfast:ended:${token}`)).toBeGreaterThan(0)
  })
})

describe('an operator', () => {
  it('sees who holds it', async () => {
    await using node = await openLocks('ioredis', url, { instance: 'web-1' })
    const resource = randomUUID()
    expect(await node.locks.inspect(resource)).toEqual({ name: resource, holders: [], waiting: 0, queue: [] })
    const lease = await node.locks.acquire(resource)
    const { holders } = await node.locks.inspect(resource)
    expect(holders).toEqual([
      expect.objectContaining({ owner: 'web-1', token: lease.token, fencingToken: lease.fencingToken }),
    ])
    await lease.release()
    await peer.acquire(resource, 0)
    await admin.pexpire(peer.keyOf(resource), 20_000)
    const [dotnet] = (await node.locks.inspect(resource)).holders
    expect(dotnet).toMatchObject({ owner: peer.owner, token: peer.owner })
    // At least: it was renewed last so long ago.
    expect(dotnet?.heldForMs).toBeGreaterThanOrEqual(10_000)
  })

  it('H2: takes it from Node only', async () => {
    await using node = await openLocks('ioredis', url)
    await using other = await openLocks('redis', url)
    const resource = randomUUID()
    await peer.acquire(resource, 0)
    expect(await node.locks.revoke(resource)).toEqual([])
    expect(await node.locks.revoke(resource, { token: peer.owner })).toEqual([])
    expect(await admin.get(peer.keyOf(resource))).toBe(peer.owner)
    await peer.release(resource)

    const lease = await node.locks.acquire(resource, { leaseMs: 3_000 })
    expect(await other.locks.revoke(resource, { token: 'another' })).toEqual([])
    expect(await other.locks.revoke(resource)).toEqual([lease.token])
    expect(await peer.acquire(resource, 0)).toBe(true)
    await eventually(() => lease.signal.aborted, true)
    expect(await lease.release()).toBe('lost')
    expect(await peer.release(resource)).toBe(true)

    const again = await node.locks.acquire(resource)
    expect(await other.locks.revoke(resource)).toEqual([again.token])
    expect(await again.release()).toBe('lost')
  })
})

it.concurrent('a lease is lengthened and released also when Redis is out of memory', async () => {
  await using server = await startRedis()
  await using node = await openLocks('redis', server.url)
  const lease = await node.locks.acquire('full', { leaseMs: 60_000 })
  await node.client.send(['CONFIG', 'SET', 'maxmemory', '1'])
  await expect(node.locks.acquire('another')).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
  expect(await node.locks.tryAcquire('full')).toBeNull()
  const { release } = hangfireLeases('{hangfire}:', createScriptRunner(node.client))
  const nothing = { token: 'node~test.0', claimMs: 1, notAfter: FAR }
  expect(await release('another', nothing)).toMatchObject({ outcome: 'absent' })
  await lease.extend(60_000)
  expect(lease.remainingMs()).toBeGreaterThan(60_000)
  expect(await lease.release()).toBe('released')
  expect(await node.client.send(['EXISTS', '{hangfire}:full'])).toBe(0)
})

it.concurrent('a user needs no more rights than the documented ones', async () => {
  await using server = await startRedis()
  await using owner = await openLocks('redis', server.url)
  await owner.client.send(['ACL', 'SETUSER', 'locks', ...documentedRights('locks')])
  await using node = await openLocks('redis', server.url.replace('redis://', 'redis://locks:secret@'))
  const lease = await node.locks.acquire('rights', { leaseMs: 3_000 })
  expect(await node.locks.tryAcquire('rights')).toBeNull()
  await lease.extend(1_000)
  expect((await node.locks.inspect('rights')).holders).toHaveLength(1)
  expect(await node.locks.revoke('rights')).toEqual([lease.token])
  await owner.client.send(['HSET', '{hangfire}:rights', 'a', 'b'])
  expect(await node.locks.tryAcquire('rights')).toBeNull()
  expect(await lease.release()).toBe('lost')
})

describe('bad input', () => {
  it.for([
    ['an empty resource', () => openAndCall('')],
    ['a resource with control characters', () => openAndCall('a\nb')],
    ['durability', () => openAndCall(randomUUID(), { durability: { replicas: 1 } })],
    ['a negative wait', () => openAndCall(randomUUID(), { waitMs: -1 })],
    ['an unknown option', () => openAndCall(randomUUID(), { timeoutMs: 1 })],
    ['a prefix that is none', () => openLocks('ioredis', url, { prefix: 5 as never })],
    ['a client of a library, not adapted', async () => createHangfireLocks(admin as never)],
    ['no client', async () => createHangfireLocks(undefined as never)],
    ['a lease too short', () => openLocks('ioredis', url, { leaseMs: 1 })],
  ] as const)('%s is refused', async ([, call]) => {
    await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  async function openAndCall(resource: string, options: object = {}): Promise<void> {
    await using node = await openLocks('ioredis', url)
    await node.locks.acquire(resource, options)
  }
})
