import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FaultKind, FaultProxy, matchCommand } from '@holdfast/test-support/proxy'
import { type RunningRedis, startRedis } from '@holdfast/test-support/redis'
import { type Address, ask } from '@holdfast/test-support/resp'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RawClient } from './raw-client.ts'

const incr = matchCommand('incr')

describe.for(['tcp', 'unix'] as const)('faults of a request over %s', (transport) => {
  let dir: string
  let redis: RunningRedis
  let proxy: FaultProxy
  let client: RawClient
  const atServer = async (...words: string[]) => await ask({ port: redis.port }, ...words)

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'holdfast-test-'))
    redis = await startRedis({ socket: join(dir, 'redis.sock') })
  })
  afterAll(async () => {
    await redis.stop()
    rmSync(dir, { recursive: true })
  })
  beforeEach(async () => {
    await atServer('FLUSHALL')
    const unix = transport === 'unix'
    const target: Address = unix ? { path: join(dir, 'redis.sock') } : { port: redis.port }
    proxy = await FaultProxy.start(unix ? { target, listen: { path: join(dir, 'proxy.sock') } } : { target })
    client = await RawClient.connect(proxy.address)
  })
  afterEach(async () => {
    client.close()
    await proxy.stop()
  })

  it('passes on requests without a fault, pipelined and in order', async () => {
    client.send('SET k 1', 'INCR k', 'GET k')
    expect(await client.untilReplies(3)).toEqual(['OK', 2, '2'])
  })

  const reset = transport === 'tcp' ? 'ECONNRESET' : 'FIN'
  const ends: readonly [FaultKind, string, string | null][] = [
    ['cut-request', 'FIN', null],
    ['reset-request', reset, null],
    ['cut-reply', 'FIN', '1'],
    ['reset-reply', reset, '1'],
  ]
  it.for(ends)('%s: the client sees %s, the server has %s', async ([kind, end, value]) => {
    const fault = proxy.once(incr, kind)
    client.send('PING', 'INCR k', 'INCR late', 'PING')
    expect(await client.ended).toBe(end)
    expect((await fault.hit).args.map(String)).toEqual(['k'])
    if (kind.startsWith('cut')) expect(client.replies).toEqual(['PONG']) // a reset may overtake it
    expect(await atServer('GET', 'k')).toBe(value)
    expect(await atServer('GET', 'late')).toBe(null)
    const next = await RawClient.connect(proxy.address)
    expect(await next.ask('INCR other')).toBe(1) // once is once
    next.close()
  })

  it.for([
    ['lose-request', null],
    ['lose-reply', '1'],
  ] as const)('%s: silence on an open connection, the server has %s', async ([kind, value]) => {
    const fault = proxy.once(incr, kind)
    client.send('PING', 'INCR k', 'PING')
    await fault.hit
    await client.untilReplies(1)
    expect(await atServer('GET', 'k')).toBe(value)
    const other = await RawClient.connect(proxy.address)
    expect(await other.ask('PING')).toBe('PONG')
    other.close()
    expect(client.replies).toEqual(['PONG'])
    expect(proxy.connections).toBeGreaterThan(0)
  })

  it('hold-request: executed when released, in order', async () => {
    const fault = proxy.once(incr, 'hold-request')
    client.send('INCR k', 'GET k')
    await fault.hit
    expect(await atServer('SET', 'k', '41')).toBe('OK')
    fault.release()
    expect(await client.untilReplies(2)).toEqual([42, '42'])
  })

  it('hold-request: executed late, after its client has disconnected', async () => {
    const fault = proxy.once(incr, 'hold-request')
    client.send('INCR k')
    await fault.hit
    client.close()
    await client.ended
    expect(await atServer('GET', 'k')).toBe(null)
    fault.release()
    await expect.poll(async () => await atServer('GET', 'k')).toBe('1')
  })

  it('hold-reply: executed, but the client gets no reply until it is released', async () => {
    const fault = proxy.once(incr, 'hold-reply')
    client.send('INCR k')
    await fault.hit
    expect(await atServer('GET', 'k')).toBe('1')
    expect(client.replies).toEqual([])
    fault.release()
    expect(await client.untilReplies(1)).toEqual([1])
  })

  it('every: each time, until it is removed', async () => {
    const fault = proxy.every(matchCommand('INCR', 'k'), 'cut-reply')
    for (let i = 0; i < 2; i++) {
      const victim = await RawClient.connect(proxy.address)
      victim.send('INCR k')
      await victim.ended
    }
    expect(await client.ask('INCR other')).toBe(1)
    fault.remove()
    expect(await client.ask('INCR k')).toBe(3)
    expect(fault.hits).toBe(2)
  })

  it('reports when a request arrived and when it was answered', async () => {
    const seen = proxy.seen(matchCommand('set', 'needle'))
    const answered = proxy.answered(incr)
    client.send('SET a hay', 'SET b needle', 'INCR k')
    expect((await seen).args.map(String)).toEqual(['b', 'needle'])
    expect((await answered).name).toBe('incr')
    expect(await atServer('GET', 'k')).toBe('1')
  })

  it.for(['RESP2', 'RESP3'])('finds the right reply among those of a subscriber (%s)', async (protocol) => {
    const own = await RawClient.connect(proxy.address)
    const before = protocol === 'RESP3' ? 'HELLO 3' : 'PING'
    own.send(before, 'SUBSCRIBE a b')
    await own.untilReplies(3)
    await atServer('PUBLISH', 'a', 'early')
    await own.untilReplies(4)
    const fault = proxy.once(matchCommand('ping', 'marked'), 'cut-reply')
    const unsubscribed = proxy.answered(matchCommand('unsubscribe'))
    own.send('PING first', 'UNSUBSCRIBE a b', 'PING marked')
    await Promise.all([own.ended, fault.hit, unsubscribed])
    expect(own.replies.slice(1)).toEqual([
      ['subscribe', 'a', 1],
      ['subscribe', 'b', 2],
      ['message', 'a', 'early'],
      protocol === 'RESP3' ? 'first' : ['pong', 'first'],
      ['unsubscribe', 'a', 1],
      ['unsubscribe', 'b', 0],
    ])
  })

  it('does not treat a push as the reply to a request in flight', async () => {
    const own = await RawClient.connect(proxy.address)
    own.send('HELLO 3', 'SUBSCRIBE a')
    await own.untilReplies(2)
    const fault = proxy.once(matchCommand('ping', 'marked'), 'cut-reply')
    own.send('PUBLISH a myself', 'PING marked')
    await Promise.all([own.ended, fault.hit])
    expect(own.replies.slice(2)).toHaveLength(2)
    expect(own.replies).toContainEqual(['message', 'a', 'myself'])
    expect(own.replies).toContain(1)
  })
})
