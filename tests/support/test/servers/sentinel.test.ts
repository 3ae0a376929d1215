import { SentinelGroup } from '@holdfast/test-support/servers'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'

describe('SentinelGroup', () => {
  it('fails over, with its clients, and loses only what no replica got', async () => {
    await using group = await SentinelGroup.start()
    const old = await group.primary()
    const client = new Redis({ sentinels: [...group.sentinels], name: group.name })
    client.on('error', () => {})
    await client.set('kept', '1')
    expect(await client.wait(1, 10_000)).toBe(1)
    await group.failOver({
      meanwhile: async () => {
        await client.set('lost', '1')
      },
    })
    expect(await group.primary()).not.toBe(old)
    expect((await old.info('replication'))['role']).toBe('slave')
    expect(await client.mget('kept', 'lost')).toEqual(['1', null])
    client.disconnect()
  })
})
