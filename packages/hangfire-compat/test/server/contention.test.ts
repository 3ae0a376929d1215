import { describe, it } from 'vitest'
import { hangfireJobs } from '../../src/client/hangfire-jobs.ts'
import { defineHangfireJob, hangfireLockResource } from '../../src/index.ts'
import { handle } from '../../src/server/handle.ts'
import { clients } from '../locks/node-peer.ts'
import { DotnetPeer } from '../peer/dotnet-peer.ts'
import { echo, openStage, url } from './open-server.ts'

const RESOURCE = hangfireLockResource({ type: 'Acme.Contracts.INodeJobs, Acme.Contracts', method: 'Echo' })

describe.concurrent.for(clients)('disableConcurrentExecution over %s', (client) => {
  it("holds .NET's lock while the body runs, and waits for .NET", async ({ expect }) => {
    await using stage = await openStage(client)
    using peer = new DotnetPeer(url, '1.9.4', { prefix: stage.prefix })
    let held: string | null = null
    await stage.serve([
      handle(echo, { disableConcurrentExecution: { waitMs: 60_000 } }, async () => {
        held = await stage.redis.get(stage.key(RESOURCE))
      }),
    ])
    expect(await peer.acquire(RESOURCE, 0)).toBe(true)
    const id = await stage.enqueue('waits')
    await expect.poll(async () => (await stage.job(id)).state).toBe('Processing')
    await expect.poll(async () => await stage.redis.hexists(stage.key(`job:${id}`), 'Fetched')).toBe(1)
    expect(held).toBeNull()
    await peer.release(RESOURCE)
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    expect(held).toMatch(/./)
    expect(held).not.toBe(peer.owner)
    expect(await stage.redis.exists(stage.key(RESOURCE))).toBe(0)
  })

  it("locks a job of any name in a prefix of Node's own", async ({ expect }) => {
    await using stage = await openStage(client, { mode: 'own' })
    const jobs = hangfireJobs(stage.context)
    const free = defineHangfireJob({ type: 'reviews', method: 'run', queue: 'node' })
    let held: string | null = null
    await stage.serve([
      handle(free, { disableConcurrentExecution: { waitMs: 60_000 } }, async () => {
        held = await stage.redis.get(stage.key('reviews.run'))
      }),
    ])
    const id = await jobs.enqueue(free, [])
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    expect(held).toMatch(/./)
    jobs.close()
  })

  it('H8: contention reschedules and spends no attempt', async ({ expect }) => {
    await using stage = await openStage(client)
    using peer = new DotnetPeer(url, '1.12.0', { prefix: stage.prefix })
    let runs = 0
    await stage.serve([
      handle(
        echo,
        {
          automaticRetry: { attempts: 0 },
          disableConcurrentExecution: { waitMs: 10, rescheduleMs: 10 },
        },
        () => void (runs += 1),
      ),
    ])
    await peer.acquire(RESOURCE, 0)
    const id = await stage.enqueue('contended')
    await expect.poll(async () => (await stage.states(id)).length).toBeGreaterThan(6)
    await peer.release(RESOURCE)
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    const { history, retryCount } = await stage.job(id)
    expect(retryCount).toBeUndefined()
    expect(runs).toBe(1)
    const rescheduled = history.filter(({ name }) => name === 'Scheduled')
    expect(rescheduled.length).toBeGreaterThan(1)
    for (const { reason } of rescheduled) expect(reason).toContain(`Lock ${RESOURCE} did not become free`)
    expect(history.some(({ name }) => name === 'Failed')).toBe(false)
  })

  it('skips, or fails as in .NET, where the options say so', async ({ expect }) => {
    for (const onContention of ['skip', 'fail'] as const) {
      await using stage = await openStage(client)
      using peer = new DotnetPeer(url, '1.12.0', { prefix: stage.prefix })
      await peer.acquire('account:a1', 0)
      await stage.serve([
        handle(
          echo,
          {
            automaticRetry: { attempts: 0 },
            disableConcurrentExecution: {
              waitMs: 0,
              onContention,
              resource: ([account]) => hangfireLockResource({ format: 'account:{0}', args: [account] }),
            },
          },
          () => 'ran',
        ),
      ])
      const id = await stage.enqueue('A1')
      const wanted = onContention === 'skip' ? 'Deleted' : 'Failed'
      await expect.poll(async () => (await stage.job(id)).state).toBe(wanted)
      const { details } = await stage.job(id)
      if (onContention === 'skip') expect(details?.reason).toMatch(/^Skipped: Lock account:a1/)
      else
        expect(details).toMatchObject({
          exceptionType: 'Hangfire.Storage.DistributedLockTimeoutException',
          exceptionMessage: expect.stringContaining('account:a1'),
        })
      const free = await stage.enqueue('B2')
      await expect.poll(async () => (await stage.job(free)).state).toBe('Succeeded')
    }
  })
})
