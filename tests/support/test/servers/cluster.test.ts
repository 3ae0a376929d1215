import { RedisCluster } from '@holdfast/test-support/servers'
import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('RedisCluster', () => {
  let cluster: RedisCluster
  let client: Cluster
  beforeAll(async () => {
    cluster = await RedisCluster.start({ replicas: 1 })
    client = new Cluster([...cluster.seeds])
  })
  afterAll(async () => {
    client.disconnect()
    await cluster.stop()
  })

  it('spreads keys over three masters', async () => {
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`)
    await Promise.all(keys.map(async (key) => await client.set(key, key)))
    const owners = await Promise.all(keys.map(async (key) => await cluster.ownerOf(key)))
    expect(new Set(owners).size).toBe(3)
    const [key = '', owner] = [keys[0], owners[0]]
    expect(await owner?.ask('GET', key)).toBe(key)
  })

  it('moves a slot with its keys', async () => {
    await client.set('{moved}a', '1')
    const from = await cluster.ownerOf('{moved}a')
    const to = cluster.nodes.slice(0, 3).find((node) => node !== from)
    if (!to) throw new Error('there are three masters')
    await cluster.moveSlot('{moved}a', to)
    expect(await cluster.ownerOf('{moved}b')).toBe(to)
    expect(await client.get('{moved}a')).toBe('1')
    await expect(from.ask('GET', '{moved}a')).rejects.toThrow('MOVED')
  })

  it('fails over and loses only what the replica did not get', async () => {
    await client.set('{x}kept', '1')
    const master = await cluster.ownerOf('{x}kept')
    await cluster.failOver(master, {
      meanwhile: async () => {
        await client.set('{x}lost', '1')
      },
    })
    const now = await cluster.ownerOf('{x}kept')
    expect(now).not.toBe(master)
    expect(await now.ask('MGET', '{x}kept', '{x}lost')).toEqual(['1', null])
  })
})
