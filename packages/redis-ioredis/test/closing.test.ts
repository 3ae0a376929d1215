import { createHoldfast } from '@holdfast/core'
import { RedisNode } from '@holdfast/testbed/servers'
import { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { ioredisStorage } from '../src/index.ts'

// It takes a second; a heartbeat of the subscription's connection would end it after 20.
it('closes although the server is frozen and somebody had subscribed', { timeout: 12_000 }, async () => {
  const node = await RedisNode.start()
  const client = new Redis(node.url)
  client.on('error', () => {})
  onTestFinished(async () => {
    client.disconnect()
    await node.kill()
  })
  const holdfast = createHoldfast({ storage: ioredisStorage(client), callTimeoutMs: 500 })
  await holdfast.locks.acquire('frozen')
  const waiting = holdfast.locks.acquire('frozen', { waitMs: 60_000 })
  waiting.catch(() => {})
  await expect.poll(async () => await client.call('PUBSUB', ['CHANNELS', '{holdfast:*'])).not.toHaveLength(0)

  node.pause()
  onTestFinished(() => node.resume())
  await holdfast.close({ graceMs: 100 })
  await expect(waiting).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
})
