import { handle } from '@holdfast/hangfire-compat'
import { describe, expect, it } from 'vitest'
import { contracted } from '../src/contract-jobs.ts'
import { describeWorlds } from '../src/describe-worlds.ts'
import { twoWorlds } from '../src/world-kinds.ts'

describe('the contract that holdfast-hangfire makes', () => {
  describeWorlds(twoWorlds, (world) => {
    it('compiles in .NET, which enqueues its jobs and loads those of Node', async () => {
      const { drive, hangfire, holdfast, monitor } = world()
      const { jobs, serve } = hangfire()
      const id = '00000001-0000-0000-0000-000000000000'
      const ids = [
        await drive.enqueue('contracted'),
        await jobs.enqueue(contracted, [id, 'acme/web', { Model: 'gpt', Severity: 5, Tags: ['a', 'b'] }]),
      ]
      expect((await monitor.enqueued('node')).jobs.map((job) => job.id)).toEqual(ids.toReversed())
      for (const each of ids)
        expect(await drive.show(each)).toMatchObject({
          job: 'Acme.Live.INodeReviews.Review',
          loadError: null,
        })
      const got: unknown[] = []
      await serve({ queues: ['node'], holdfast }, [handle(contracted, {}, (args) => void got.push(args))])
      await expect.poll(() => got.length).toBe(2)
      const args = [id, 'acme/web', expect.objectContaining({ Model: 'gpt', Severity: 5, Tags: ['a', 'b'] })]
      expect(got).toEqual([args, args])
      for (const each of ids)
        await expect.poll(async () => (await monitor.job(each))?.state).toBe('Succeeded')
    })
  })
})
