import { hangfireLockResource, handle } from '@holdfast/hangfire-compat'
import { describe, expect, it } from 'vitest'
import { describeWorlds } from '../src/describe-worlds.ts'
import { add, failForGood, log } from '../src/jobs.ts'
import { queued } from '../src/node-jobs.ts'
import { runCli } from '../src/run-cli.ts'
import { untilCommitted } from '../src/until-committed.ts'
import { otherWorlds } from '../src/world-kinds.ts'

describe('.NET without transactions, or with a prefix that it was given', () => {
  describeWorlds(otherWorlds, (world) => {
    it('H3, H4: runs the jobs of Node, its children, and what Node requeues, deletes and repeats', async () => {
      const { hangfire, monitor, serve } = world()
      const { jobs, recurring } = hangfire()
      const server = await serve({ workers: 3 })
      const parent = await jobs.schedule(add, [1, 2], { delayMs: 500 })
      const child = await jobs.continueWith(parent, log, ['after Node'])
      const deleted = await jobs.schedule(log, ['never'], { delayMs: 60_000 })
      expect(await jobs.delete(deleted)).toBe(true)
      const failed = await jobs.enqueue(failForGood, ['boom'])
      await recurring.addOrUpdate('yearly', log, ['by hand'], '0 0 1 1 *')
      const triggered = await recurring.trigger('yearly')
      for (const id of [child, triggered ?? '']) await untilCommitted(world(), server, id, 'Succeeded')
      await untilCommitted(world(), server, failed, 'Failed')
      const from = server.said.length
      expect(await jobs.requeue(failed)).toBe(true)
      await untilCommitted(world(), server, failed, 'Failed', { from })
      expect((await monitor.job(deleted))?.state).toBe('Deleted')
      expect(
        server
          .all('log')
          .map(({ message }) => message)
          .toSorted(),
      ).toEqual(['after Node', 'by hand'])
    })

    it('H5, H12: gives its jobs to Node, which retries, and hands the child on', async () => {
      const { drive, hangfire, holdfast, monitor, prefix, redis, serve: serveDotnet } = world()
      const dotnet = await serveDotnet()
      let runs = 0
      await hangfire().serve({ queues: ['node'], holdfast }, [
        handle(queued, { automaticRetry: { attempts: 1, delaysMs: [300] } }, () => {
          runs += 1
          if (runs === 1) throw new Error('boom')
        }),
      ])
      const id = await drive.enqueue('queued')
      const child = await drive.enqueue('log', { after: id })
      await untilCommitted(world(), dotnet, child, 'Succeeded')
      expect(runs).toBe(2)
      expect((await monitor.job(id))?.history.map(({ name }) => name)).toContain('Scheduled')
      expect(await runCli('check', redis.url, '--prefix', prefix)).toMatchObject({ code: 0 })
    })

    it('H1: shares a lock', async () => {
      const { admin, drive, hangfire, prefix } = world()
      const { locks } = hangfire()
      const resource = hangfireLockResource({ format: 'account:{0}', args: ['A1'] })
      const holding = drive.hold(resource, { seconds: 2 })
      await expect.poll(() => admin.exists(`${prefix}${resource}`)).toBe(1)
      const lease = await locks.acquire(resource, { waitMs: 60_000 })
      expect((await holding).map(({ event }) => event)).toEqual(['acquired', 'enter', 'leave', 'released'])
      const refused = await drive.hold(resource, { seconds: 0, waitSeconds: 0.5 })
      expect(refused.map(({ event }) => event)).toEqual(['timeout'])
      expect(await lease.release()).toBe('released')
    })
  })
})
