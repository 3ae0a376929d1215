import { FaultProxy, matchCommand } from '@holdfast/test-support/proxy'
import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RawClient } from './raw-client.ts'

describe('faults of the network', () => {
  let redis: RunningRedis
  let proxy: FaultProxy
  let client: RawClient
  const atServer = async (...words: string[]) => await ask({ port: redis.port }, ...words)

  beforeAll(async () => {
    redis = await startRedis()
  })
  afterAll(async () => await redis.stop())
  beforeEach(async () => {
    await atServer('FLUSHALL')
    proxy = await FaultProxy.start({ target: { port: redis.port } })
    client = await RawClient.connect(proxy.address)
  })
  afterEach(async () => {
    client.close()
    await proxy.stop()
  })

  it('a black hole to the server: nothing is executed until it heals, and then it is', async () => {
    proxy.blackHole('to-server')
    const seen = proxy.seen(matchCommand('incr'))
    client.send('INCR k')
    await seen
    expect(await atServer('GET', 'k')).toBe(null)
    client.close()
    await proxy.heal()
    await expect.poll(async () => await atServer('GET', 'k')).toBe('1')
  })

  it('a black hole to the client: executed, but no answer', async () => {
    proxy.blackHole('to-client')
    client.send('INCR k')
    await expect.poll(async () => await atServer('GET', 'k')).toBe('1')
    expect(client.replies).toEqual([])
    await proxy.heal()
    expect(await client.untilReplies(1)).toEqual([1])
  })

  it('a black hole that ends with a reset: data in flight is lost', async () => {
    proxy.blackHole()
    const seen = proxy.seen(matchCommand('incr'))
    client.send('INCR k')
    await seen
    proxy.reset()
    await proxy.heal()
    expect(await client.ended).toBe('ECONNRESET')
    const next = await RawClient.connect(proxy.address)
    expect(await next.ask('GET k')).toBe(null)
    next.close()
  })

  it('a client does not notice through a black hole that the server ended', async () => {
    const second = await startRedis()
    proxy.retarget({ port: second.port })
    const deaf = await RawClient.connect(proxy.address)
    expect(await deaf.ask('PING')).toBe('PONG')
    proxy.blackHole()
    await second.stop()
    const state = await Promise.race([deaf.ended, ask({ port: redis.port }, 'PING')])
    expect(state).toBe('PONG')
    await proxy.heal()
    expect(await deaf.ended).toBe('FIN')
  })

  it('slow bytes arrive one by one, and completely', async () => {
    const value = 'x'.repeat(300)
    proxy.slow({ bytes: 1, everyMs: 0 })
    expect(await client.ask(`SET k ${value}`)).toBe('OK')
    expect(await client.ask('GET k')).toBe(value)
    expect(await atServer('GET', 'k')).toBe(value)
  })

  it('latency delays both directions', async () => {
    proxy.latency(40)
    const start = performance.now()
    expect(await client.ask('PING')).toBe('PONG')
    expect(performance.now() - start).toBeGreaterThan(75)
    await proxy.heal()
    expect(await client.ask('PING')).toBe('PONG')
  })

  it('refuses new connections, keeps the old ones, and accepts again at the same address', async () => {
    await proxy.refuse()
    await expect(RawClient.connect(proxy.address)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await client.ask('PING')).toBe('PONG')
    await proxy.accept()
    const next = await RawClient.connect(proxy.address)
    expect(await next.ask('PING')).toBe('PONG')
    next.close()
  })

  it.for([
    ['reset', 'ECONNRESET'],
    ['cut', 'FIN'],
  ] as const)('%s ends all connections with %s', async ([how, end]) => {
    const other = await RawClient.connect(proxy.address)
    await Promise.all([client.ask('PING'), other.ask('PING')])
    expect(proxy.connections).toBe(2)
    proxy[how]()
    expect(await Promise.all([client.ended, other.ended])).toEqual([end, end])
    await expect.poll(() => proxy.connections).toBe(0)
  })

  it('sends every client to another server', async () => {
    await using other = await startRedis()
    await ask({ port: other.port }, 'SET', 'who', 'other')
    const connected = proxy.connected()
    proxy.retarget({ port: other.port })
    expect(await client.ended).toBe('ECONNRESET')
    const next = await RawClient.connect(proxy.address)
    await connected
    expect(await next.ask('GET who')).toBe('other')
    next.close()
  })

  it('passes megabytes to a client that reads late', async () => {
    const big = 'y'.repeat(4_000_000)
    await atServer('SET', 'big', big)
    client.send('GET big', 'GET big', 'GET big')
    const replies = await client.untilReplies(3)
    expect(replies.every((reply) => reply === big)).toBe(true)
  })
})
