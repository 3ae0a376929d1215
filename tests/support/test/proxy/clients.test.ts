import { once } from 'node:events'
import { FaultProxy, matchCommand } from '@holdfast/test-support/proxy'
import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

describe('ioredis through the proxy', () => {
  let redis: RunningRedis
  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(async () => await redis.stop())

  it('resends a command whose reply was lost, by itself', async () => {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    const client = new Redis(proxy.port, '127.0.0.1', { retryStrategy: () => 1 })
    client.on('error', () => {})
    const fault = proxy.once(matchCommand('incr'), 'reset-reply')
    expect(await client.incr('twice')).toBe(2)
    expect(fault.hits).toBe(1)
    client.disconnect()
  })

  it('subscribes again after a reset, and gets a message that was held', async () => {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    const client = new Redis(proxy.port, '127.0.0.1', { retryStrategy: () => 1 })
    client.on('error', () => {})
    const heard = new Promise<unknown>((resolve) => client.on('message', (_, text) => resolve(text)))
    await client.subscribe('news')
    const again = proxy.answered(matchCommand('subscribe', 'news'))
    proxy.reset()
    await again
    proxy.blackHole('to-client')
    expect(await ask({ port: redis.port }, 'PUBLISH', 'news', 'hello')).toBe(1)
    await proxy.heal()
    expect(await heard).toBe('hello')
    client.disconnect()
  })

  it('gives up on an answer that never arrives, while the command is executed', async () => {
    await using proxy = await FaultProxy.start({ target: { port: redis.port } })
    // The timeout is for every command, so the client sends none before: a slow machine might not answer in time.
    const options = { commandTimeout: 50, enableReadyCheck: false, retryStrategy: null }
    const client = new Redis(proxy.port, '127.0.0.1', options)
    client.on('error', () => {})
    await once(client, 'ready')
    const fault = proxy.once(matchCommand('set', 'silent'), 'lose-reply')
    await expect(client.set('silent', '1')).rejects.toThrow('Command timed out')
    await fault.hit
    expect(await ask({ port: redis.port }, 'GET', 'silent')).toBe('1')
    client.disconnect()
  })
})
