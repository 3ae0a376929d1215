import { randomUUID } from 'node:crypto'
import { createHoldfast } from '@holdfast/core'
import { SentinelGroup } from '@holdfast/testbed/servers'
import { createSentinel } from 'redis'
import { createSentinel as createSentinel5 } from 'redis5'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { nodeRedisStorage } from '../src/index.ts'

const servers = await SentinelGroup.start()
afterAll(async () => await servers.stop())

// Without `scanInterval` node-redis misses every other failover.
const options = { name: servers.name, sentinelRootNodes: [...servers.sentinels], scanInterval: 500 }
const versions = { 'redis 6': () => createSentinel(options), 'redis 5': () => createSentinel5(options) }

describe.for(Object.entries(versions))('%s, with sentinels', ([name, create]) => {
  it('works, and works again after a failover', async () => {
    const client = create()
    client.on('error', () => {})
    await client.connect()
    const storage = nodeRedisStorage(client, { prefix: 'sentinel' })
    const holdfast = createHoldfast({ storage })
    const hints: string[] = []
    const key = { collection: 'watched', id: name }
    const unsubscribe = await storage.records.subscribe(key, () => void hints.push('hint'))

    expect((await holdfast.idempotency.run('job', `before ${name}`, () => 1)).status).toBe('executed')
    await servers.failOver()
    // Calls wait for the new primary, as long as their deadline allows.
    await expect
      .poll(async () => (await holdfast.idempotency.run('job', `after ${name}`, () => 1)).result)
      .toBe(1)

    // Whether the subscription was lost and restored, or has come over: hints arrive again.
    const before = hints.length
    const rewrite = async (): Promise<number> => {
      const write = { writeId: randomUUID(), value: '', ttlMs: 10_000, notify: true }
      const { entry } = await storage.records.createOrRead(key, write)
      if (entry !== null) await storage.records.compareAndDelete(key, { rev: entry.rev })
      return hints.length
    }
    await expect.poll(rewrite).toBeGreaterThan(before)
    await unsubscribe()
    await holdfast.close()
    await storage.close()
    await client.close()
  })

  const connect = async (prefix: string) => {
    const client = create()
    client.on('error', () => {})
    await client.connect()
    onTestFinished(async () => await client.close())
    return nodeRedisStorage(client, { prefix })
  }

  it('tells that a subscription was interrupted, and has it again', async () => {
    const storage = await connect('interrupted')
    onTestFinished(async () => await storage.close())
    const key = { collection: 'interrupted', id: name }
    const write = { writeId: 'first', value: '', ttlMs: 60_000, notify: true }
    let { entry } = await storage.records.createOrRead(key, write)
    let hints = 0
    await storage.records.subscribe(key, () => (hints += 1))
    const hinted = async (): Promise<void> => {
      const before = hints
      await expect.poll(() => hints).toBeGreaterThan(before)
    }
    const primary = await servers.primary()
    for (const writeId of ['first-loss', 'second-loss']) {
      const told = hinted()
      await primary.ask('CLIENT', 'KILL', 'TYPE', 'pubsub')
      await told
      const arrives = hinted()
      ;({ entry } = await storage.records.compareAndSet(key, entry?.rev ?? 0, { ...write, writeId }))
      await arrives
    }
  })

  it('hands a lock over, and waits for the replica to know', async () => {
    const holdfasts = [
      createHoldfast({ storage: await connect('replicated') }),
      createHoldfast({ storage: await connect('replicated') }),
    ] as const
    onTestFinished(async () => void (await Promise.all(holdfasts.map((each) => each.close()))))
    const durability = { replicas: 1, timeoutMs: 60_000 }
    const held = await holdfasts[0].locks.acquire(`lock ${name}`, { durability })
    const waiting = holdfasts[1].locks.acquire(`lock ${name}`, { durability, waitMs: 60_000 })
    await expect.poll(async () => (await holdfasts[0].locks.inspect(`lock ${name}`)).waiting).toBe(1)
    expect(await held.release()).toBe('released')
    const next = await waiting
    expect(next.fencingToken).toBeGreaterThan(held.fencingToken)
    expect(await next.release()).toBe('released')
  })
})
