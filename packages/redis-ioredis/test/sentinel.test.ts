import { randomUUID } from 'node:crypto'
import { createHoldfast } from '@holdfast/core'
import { SentinelGroup } from '@holdfast/testbed/servers'
import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { afterAll, describe, expect, it } from 'vitest'
import { ioredisStorage } from '../src/index.ts'

const servers = await SentinelGroup.start()
afterAll(async () => await servers.stop())

const options = { sentinels: [...servers.sentinels], name: servers.name }
const versions = { 'ioredis 6': () => new Redis(options), 'ioredis 5': () => new Redis5(options) }

describe.for(Object.entries(versions))('%s, with sentinels', ([name, create]) => {
  it('works, and works again after a failover', async () => {
    const client = create()
    client.on('error', () => {})
    const storage = ioredisStorage(client, { prefix: 'sentinel' })
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
    client.disconnect()
  })
})
