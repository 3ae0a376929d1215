import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { describe, it } from 'vitest'
import { handle } from '../../src/server/handle.ts'
import { clients } from '../locks/node-peer.ts'
import { gate } from './gate.ts'
import { echo, openStage } from './open-server.ts'

/** What an outage costs a call, and more than one takes on a busy machine. */
const CALL_MS = 5_000

describe.concurrent.for(clients)('an outage over %s', (client) => {
  it('is survived: what runs ends in time, and what comes is run', async ({ expect }) => {
    await using redis = await startRedis()
    await using stage = await openStage(client, { callTimeoutMs: CALL_MS }, redis.url)
    const during = gate()
    const server = await stage.serve([
      handle(echo, {}, async ([text]) => {
        if (text === 'during') await during.opened
        return text
      }),
    ])
    const id = await stage.enqueue('during')
    await expect.poll(async () => (await stage.job(id)).state).toBe('Processing')
    process.kill(redis.pid, 'SIGSTOP')
    // Its body comes to its end while nothing can be written.
    during.open()
    await expect.poll(async () => await stage.context.client.send(['PING']).catch(() => 'down')).toBe('down')
    process.kill(redis.pid, 'SIGCONT')
    await expect.poll(async () => await stage.states(id)).toEqual(['Enqueued', 'Processing', 'Succeeded'])
    const after = await stage.enqueue('after')
    await expect.poll(async () => (await stage.job(after)).state).toBe('Succeeded')
    await expect.poll(() => server.running).toBe(0)
  })

  it('that loses all data is survived: the server is announced again', async ({ expect }) => {
    await using redis = await startRedis()
    await using stage = await openStage(client, {}, redis.url)
    const body = gate()
    const reasons: unknown[] = []
    const server = await stage.serve([
      handle(echo, {}, async ([text], job) => {
        if (text !== 'lost') return
        job.signal.addEventListener('abort', () => void reasons.push(job.signal.reason))
        await body.opened
      }),
    ])
    await stage.enqueue('lost')
    await expect.poll(() => server.running).toBe(1)
    await stage.redis.flushall()
    await expect.poll(() => reasons).toEqual([expect.objectContaining({ code: 'LEASE_LOST', state: '' })])
    body.open()
    await expect
      .poll(async () => await stage.redis.hget(stage.key(`server:${server.id}`), 'StartedAt'))
      .not.toBeNull()
    const id = await stage.enqueue('after')
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    // Nothing of the lost job is written again.
    expect((await stage.redis.keys(stage.key('job:*'))).every((key) => key.includes(id))).toBe(true)
  })

  it('does not keep stop() from ending', async ({ expect }) => {
    await using redis = await startRedis()
    await using stage = await openStage(client, { callTimeoutMs: CALL_MS }, redis.url)
    const server = await stage.serve([handle(echo, {}, () => new Promise(() => {}))])
    await stage.enqueue('held')
    await expect.poll(() => server.running).toBe(1)
    process.kill(redis.pid, 'SIGSTOP')
    await server.stop({ graceMs: 50 })
    expect(server.running).toBe(0)
    process.kill(redis.pid, 'SIGCONT')
  })

  it('of the start is an error', async ({ expect }) => {
    await using redis = await startRedis()
    await using stage = await openStage(client, { callTimeoutMs: CALL_MS }, redis.url)
    await stage.redis.ping()
    process.kill(redis.pid, 'SIGSTOP')
    await expect(stage.serve([handle(echo, {}, () => {})])).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    })
    process.kill(redis.pid, 'SIGCONT')
    expect(await new Redis(redis.url).quit()).toBe('OK')
  })
})
