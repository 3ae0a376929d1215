import { describe, expect, it } from 'vitest'
import { describeWorlds } from '../src/describe-worlds.ts'
import { expectMonitorEqualsDotnet } from '../src/healthy.ts'
import { allWorlds } from '../src/world-kinds.ts'
import { untilCommitted } from '../src/until-committed.ts'

describe('H9: the monitor shows what IMonitoringApi says', () => {
  describeWorlds(allWorlds, (world) => {
    it('of jobs that wait, are delayed, and repeat', async () => {
      const { drive, monitor } = world()
      for (const kind of [
        'log',
        'add',
        'review',
        'kinds',
        'nulls',
        'node',
        'queued',
        'critical',
        'nested',
      ] as const)
        await drive.enqueue(kind)
      await drive.enqueueMany(3, 'log', { queue: 'critical' })
      await drive.enqueueMany(2, 'log', { delaySeconds: 3_600 })
      await drive.enqueue('log', { delaySeconds: 7_200, queue: 'critical' })
      await drive.addRecurring('critical')
      await expectMonitorEqualsDotnet(world())
      expect(await monitor.statistics()).toMatchObject({
        enqueued: 12,
        scheduled: 3,
        recurring: 3,
        unreadable: [],
      })
    })

    it('of jobs that succeed, fail, are deleted and retried, several of each', async () => {
      const { drive, monitor, serve } = world()
      const server = await serve({ queues: ['critical', 'default'], workers: 4 })
      const [succeeding, failing, dying] = [
        [...(await drive.enqueueMany(3, 'add')), await drive.enqueue('critical')],
        await drive.enqueueMany(9, 'failed'),
        await drive.enqueueMany(3, 'fail'),
      ]
      for (const id of failing) await untilCommitted(world(), server, id, 'Scheduled')
      await expectMonitorEqualsDotnet(world())
      for (const [ids, state] of [
        [succeeding, 'Succeeded'],
        [failing, 'Failed'],
        [dying, 'Deleted'],
      ] as const)
        for (const id of ids) await untilCommitted(world(), server, id, state)
      await expectMonitorEqualsDotnet(world())
      expect(await monitor.statistics()).toMatchObject({
        succeeded: 4,
        failed: 9,
        deleted: 3,
        unreadable: [],
      })
      // What a person does to failed jobs: they come back in another order.
      for (const id of failing.slice(0, 2)) expect(await drive.delete(id)).toBe(true)
      const from = server.said.length
      expect(await drive.requeue(failing[3] ?? '')).toBe(true)
      await untilCommitted(world(), server, failing[3] ?? '', 'Failed', { from })
      await expectMonitorEqualsDotnet(world())
    })

    it('of jobs in progress, and of their server', async () => {
      const { drive, monitor, serve } = world()
      const server = await serve({ workers: 2, name: 'Reviews' })
      const ids = await drive.enqueueMany(3, 'sleep', { ms: 30_000 })
      await expect.poll(() => server.all('enter').length).toBe(2)
      await expectMonitorEqualsDotnet(world())
      const { jobs } = await monitor.processing()
      expect(jobs.map(({ id }) => id).toSorted()).toEqual(ids.slice(0, 2).toSorted())
      const [shown] = (await monitor.servers()).servers
      expect(shown).toMatchObject({ id: jobs[0]?.serverId, workerCount: 2, queues: ['default'] })
      expect(shown?.id).toMatch(/^reviews:\d+:[\da-f-]{36}$/)
    })

    it('of continuations, whether they ran or not', async () => {
      const { drive, monitor, serve } = world()
      const parent = await drive.enqueue('add')
      const children = [
        await drive.enqueue('log', { after: parent }),
        await drive.enqueue('log', { after: parent, on: 'any' }),
        await drive.enqueue('log', { after: parent, on: 'deleted' }),
      ]
      const { jobs } = await monitor.awaiting()
      expect(jobs.map(({ id, parentId, on }) => [id, parentId, on])).toEqual([
        [children[0], parent, 'succeeded'],
        [children[1], parent, 'any'],
        [children[2], parent, 'deleted'],
      ])
      const server = await serve()
      for (const id of children.slice(0, 2)) await untilCommitted(world(), server, id, 'Succeeded')
      await expect.poll(async () => (await monitor.job(children[2] ?? ''))?.state).toBe('Deleted')
    })
  })
})
