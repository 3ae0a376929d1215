import { createHoldfast } from '@holdfast/core'
import type { Code } from '@holdfast/cli/codes'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { nodeRedisStorage } from '@holdfast/redis-node'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { expect } from 'vitest'
import { CLIP } from './plays-of-jobs.ts'
import { inService } from '../poll.ts'
import { type Play, becomes } from './stage.ts'

type CallCode = Extract<Code, `STORAGE_${string}` | `CLIENT_${string}` | 'INVALID_ARGUMENT' | 'CLOSED'>

export const PLAYS_OF_CALLS: Readonly<Record<CallCode, Play>> = {
  async STORAGE_UNAVAILABLE(stage) {
    const { idempotency } = stage.open('web-1', { callTimeoutMs: 300 })
    await inService(async () => await idempotency.run('other', 'connects', () => 1))
    stage.freeze()
    const start = async () => await idempotency.run(...CLIP, () => 'done')
    await expect(start()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', maybeApplied: true })
    expect(await stage.run('doctor')).toContain('cannot be reached')
    const silent = stage.run('PING')
    const clients = stage.run('INFO clients')
    stage.node.resume()
    expect(await silent).toBe('PONG')
    expect(await clients).toMatch(/^connected_clients:\d+/m)
    await becomes(
      async () =>
        await start().then(
          () => true,
          () => false,
        ),
    )
  },
  async STORAGE_REFUSED(stage) {
    const { idempotency } = stage.open()
    await idempotency.run('other', 'connects', () => 1)
    await stage.node.ask('ACL', 'SETUSER', 'default', '-set')
    const refused = idempotency.run(...CLIP, () => 'done')
    await expect(refused).rejects.toMatchObject({ code: 'STORAGE_REFUSED' })
    expect(await stage.run('doctor')).toContain('COMMANDS_REFUSED')
    expect(await stage.run('errorstats')).toMatch(/NOPERM|ERR/)
    expect(await stage.run('ACL LOG')).toMatch(/^set$/m)
    await stage.node.ask('ACL', 'SETUSER', 'default', '+set')
    expect(await idempotency.run(...CLIP, () => 'done')).toMatchObject({ status: 'executed' })
  },
  async CLIENT_CLOSED(stage) {
    const open = () => {
      const redis = new Redis({ port: stage.node.port, connectionName: 'web-1' })
      return { redis, holdfast: createHoldfast({ storage: ioredisStorage(redis), prefix: 'shop' }) }
    }
    const wrong = open()
    await wrong.holdfast.locks.run('stock:42', () => 1)
    await wrong.redis.quit()
    await expect(wrong.holdfast.locks.acquire('stock:42')).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    expect(await stage.run('codes')).toContain('client')
    expect(await stage.run('CLIENT LIST')).not.toContain('name=web-1')
    await wrong.holdfast.close()
    const right = open()
    await right.holdfast.locks.run('stock:42', () => 1)
    await right.holdfast.close()
    await right.redis.quit()
  },
  async CLIENT_NOT_CONNECTED(stage) {
    const client = createClient({ url: stage.node.url, name: 'web-1' }).on('error', () => {})
    const { locks } = stage.open('web-1', { storage: nodeRedisStorage(client) })
    await expect(locks.acquire('stock:42')).rejects.toMatchObject({ code: 'CLIENT_NOT_CONNECTED' })
    expect(await stage.run('codes')).toContain('connect')
    expect(await stage.run('CLIENT LIST')).not.toContain('name=web-1')
    await client.connect()
    stage.atEnd(() => client.destroy())
    expect(await (await locks.acquire('stock:42')).release()).toBe('released')
  },
  async INVALID_ARGUMENT(stage) {
    const { idempotency } = stage.open()
    await expect(idempotency.run('video', '', () => 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await stage.run('codes')).toContain('refused')
    expect(await stage.node.ask('DBSIZE')).toBe(0)
  },
  async CLOSED(stage) {
    const storage = stage.storage()
    const closed = stage.open('web-1', { storage })
    const open = stage.open('web-1', { storage })
    await closed.close()
    await expect(closed.locks.acquire('stock:42')).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await stage.run('codes')).toContain('closed')
    expect(await stage.run('CLIENT LIST')).toContain('cmd=')
    expect(await (await open.locks.acquire('stock:42')).release()).toBe('released')
  },
}
