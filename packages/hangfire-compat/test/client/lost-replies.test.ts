import { randomUUID } from 'node:crypto'
import { FaultProxy, matchCommand } from '@holdfast/test-support/proxy'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { defineHangfireJob, t } from '../../src/index.ts'
import { type HangfireKeys, hangfireKeys } from '../../src/wire/keys.ts'
import { type ClientName, clients } from '../locks/node-peer.ts'
import { type OpenHangfire, openHangfire } from './open-hangfire.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
const proxy = await FaultProxy.start({ target: { port: Number(new URL(url).port) } })
afterAll(async () => {
  admin.disconnect()
  await proxy[Symbol.asyncDispose]()
})

const job = defineHangfireJob({ type: 'Acme.Mail, Acme', method: 'Send', parameters: [t.string] })
/** Leaves time for the calls that are answered. */
const GIVES_UP_MS = 5_000
const fresh = (): string => `{${randomUUID()}}:`

/** Over the proxy. Its first call has made the script known, so that a fault meets the one that creates. */
async function openWarm(client: ClientName, { prefix }: HangfireKeys): Promise<OpenHangfire> {
  const open = await openHangfire(client, proxy.url, { prefix, callTimeoutMs: GIVES_UP_MS })
  await open.hangfire.jobs.enqueue(job, ['warm'])
  return open
}

describe.concurrent.for(clients)('over %s', (client) => {
  describe.for(['cut-reply', 'reset-reply', 'cut-request'] as const)('after a %s', (fault) => {
    it('H3: a job is created once', async () => {
      const keys = hangfireKeys(fresh())
      await using open = await openHangfire(client, proxy.url, { prefix: keys.prefix })
      const { jobs } = open.hangfire
      // The first call makes the script known, so that the fault meets the one that creates.
      const first = await jobs.enqueue(job, ['warm'])
      const armed = proxy.once(matchCommand('evalsha', keys.queue('default')), fault)
      const id = await jobs.enqueue(job, ['ann'])
      expect(armed.hits).toBe(1)
      expect(await admin.lrange(keys.queue('default'), 0, -1)).toEqual([id, first])
      expect(await admin.llen(keys.jobHistory(id))).toBe(1)
      expect(await admin.hget(keys.job(id), 'State')).toBe('Enqueued')
    })

    it('H3: a child is created and listed once', async () => {
      const keys = hangfireKeys(fresh())
      await using open = await openHangfire(client, proxy.url, { prefix: keys.prefix })
      const { jobs } = open.hangfire
      const parent = await jobs.enqueue(job, ['ann'])
      const armed = proxy.once(matchCommand('evalsha', keys.job(parent)), fault)
      const child = await jobs.continueWith(parent, job, ['bob'])
      expect(armed.hits).toBe(1)
      expect(await admin.hget(keys.job(parent), 'Continuations')).toBe(`[{"JobId":"${child}","Options":1}]`)
      expect(await admin.llen(keys.jobHistory(child))).toBe(1)
    })

    it('H4: a job is deleted, and requeued, once', async () => {
      const keys = hangfireKeys(fresh())
      await using open = await openHangfire(client, proxy.url, { prefix: keys.prefix })
      const { jobs } = open.hangfire
      const id = await jobs.schedule(job, ['ann'], { delayMs: 60_000 })
      const deleting = proxy.once(matchCommand('evalsha', keys.job(id)), fault)
      expect(await jobs.delete(id)).toBe(true)
      expect(await admin.get(keys.stats('deleted'))).toBe('1')
      const requeueing = proxy.once(matchCommand('evalsha', keys.job(id)), fault)
      expect(await jobs.requeue(id)).toBe(true)
      expect([deleting.hits, requeueing.hits]).toEqual([1, 1])
      expect(await admin.lrange(keys.queue('default'), 0, -1)).toEqual([id])
      expect(await admin.get(keys.stats('deleted'))).toBe('0')
      expect(await admin.llen(keys.jobHistory(id))).toBe(3)
    })
  })

  it('H3: the same id again, after the caller had given up, makes no second job', async () => {
    const keys = hangfireKeys(fresh())
    await using open = await openWarm(client, keys)
    const { jobs } = open.hangfire
    const id = randomUUID()
    const silent = proxy.every(matchCommand('evalsha', id), 'lose-reply')
    await expect(jobs.enqueue(job, ['ann'], { id })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    silent.remove()
    await using again = await openHangfire(client, url, { prefix: keys.prefix })
    expect(await again.hangfire.jobs.enqueue(job, ['ann'], { id })).toBe(id)
    const queued = await admin.lrange(keys.queue('default'), 0, -1)
    expect(queued.filter((each) => each === id)).toEqual([id])
    expect(await admin.llen(keys.jobHistory(id))).toBe(1)
    await expect(again.hangfire.jobs.enqueue(job, ['bob'], { id })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    })
    expect(await admin.hget(keys.job(id), 'Arguments')).toBe(JSON.stringify(['"ann"']))
  })

  it('H3: what arrives after the caller had given up makes no job', async () => {
    const keys = hangfireKeys(fresh())
    await using open = await openWarm(client, keys)
    const { jobs } = open.hangfire
    const id = randomUUID()
    const held = proxy.every(matchCommand('evalsha', id), 'hold-request')
    await expect(jobs.enqueue(job, ['ann'], { id })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    const answered = proxy.answered(matchCommand('evalsha', id))
    held.release()
    await answered
    expect(await admin.exists(keys.job(id))).toBe(0)
    expect(await admin.llen(keys.queue('default'))).toBe(1)
  })
})
