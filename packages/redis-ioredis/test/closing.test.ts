import { setTimeout as delay } from 'node:timers/promises'
import { createHoldfast } from '@holdfast/core'
import { startRedis } from '@holdfast/testbed/redis'
import { RedisNode } from '@holdfast/testbed/servers'
import { Redis } from 'ioredis'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import { ioredisStorage } from '../src/index.ts'

const server = await startRedis()
afterAll(async () => await server.stop())

it('closes although the server is frozen and somebody had subscribed', async () => {
  const node = await RedisNode.start()
  const client = new Redis(node.url)
  client.on('error', () => {})
  onTestFinished(async () => {
    client.disconnect()
    await node.kill()
  })
  const holdfast = createHoldfast({ storage: ioredisStorage(client), callTimeoutMs: 3_000 })
  await holdfast.locks.acquire('frozen')
  const waiting = holdfast.locks.acquire('frozen', { waitMs: 60_000 })
  waiting.catch(() => {})
  await expect.poll(async () => await client.call('PUBSUB', ['CHANNELS', '{holdfast:*'])).not.toHaveLength(0)

  node.pause()
  onTestFinished(() => node.resume())
  // It takes three seconds; a heartbeat of the subscription's connection would end it after 20.
  const closed = holdfast.close({ graceMs: 100 }).then(() => 'closed')
  expect(await Promise.race([closed, delay(15_000, 'waits for the server')])).toBe('closed')
  await expect(waiting).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
})

it('leaves the storage to another instance that shares it', async () => {
  const client = new Redis(server.url)
  onTestFinished(() => client.disconnect())
  const storage = ioredisStorage(client)
  const [a, b, c] = [createHoldfast({ storage }), createHoldfast({ storage }), createHoldfast({ storage })]
  const held = await c.locks.acquire('shared')
  const [waitsWithA, waitsWithB] = [a.locks.acquire('shared'), b.locks.acquire('shared')]
  waitsWithA.catch(() => {})
  await expect.poll(async () => (await b.locks.inspect('shared')).waiting).toBe(2)
  await a.close()
  await expect(waitsWithA).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
  await held.release()
  await (await waitsWithB).release()
  expect(await b.health()).toMatchObject({ status: 'up', connection: 'ready' })
  await b.close()
  await c.close()
  await expect.poll(async () => await client.call('CLIENT', ['LIST', 'TYPE', 'pubsub'])).toBe('')
})
