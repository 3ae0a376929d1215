import { createHoldfast } from '@holdfast/core'
import { RedisNode } from '@holdfast/testbed/servers'
import { createClient } from 'redis'
import { expect, it, onTestFinished } from 'vitest'
import { nodeRedisStorage } from '../src/index.ts'

// It takes a second; a heartbeat of the subscription's connection would end it after 20.
it('closes although the server is frozen and somebody had subscribed', { timeout: 12_000 }, async () => {
  const node = await RedisNode.start()
  const client = createClient({ url: node.url })
  client.on('error', () => {})
  await client.connect()
  onTestFinished(async () => {
    client.destroy()
    await node.kill()
  })
  const holdfast = createHoldfast({ storage: nodeRedisStorage(client), callTimeoutMs: 500 })
  await holdfast.locks.acquire('frozen')
  const waiting = holdfast.locks.acquire('frozen', { waitMs: 60_000 })
  waiting.catch(() => {})
  await expect
    .poll(async () => await client.sendCommand(['PUBSUB', 'CHANNELS', '{holdfast:*']))
    .not.toHaveLength(0)

  node.pause()
  onTestFinished(() => node.resume())
  await holdfast.close({ graceMs: 100 })
  await expect(waiting).rejects.toMatchObject({ code: 'LOCK_ABORTED' })
})
