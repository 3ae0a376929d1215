import { setTimeout as delay } from 'node:timers/promises'
import { handle } from '@holdfast/hangfire-compat'
import { describe, it } from 'vitest'
import { describeWorldsAtOnce } from '../src/describe-worlds.ts'
import { queued } from '../src/node-jobs.ts'
import { PREFIX } from '../src/prefix.ts'
import { twoWorlds } from '../src/world-kinds.ts'

/** Storage 1.9.4 gives a job back 120 s after it was taken that is not said to be worked on; 1.12.0 after 60. */
const LONGER_THAN_A_WATCHER_WAITS = 150_000

describe('H6: a job of Node that runs for longer than --invisibility', () => {
  describeWorldsAtOnce(twoWorlds, (world) => {
    it('is left alone by the watchers of .NET, and runs once', async ({ expect }) => {
      const { admin, drive, hangfire, holdfast, serve: serveDotnet } = world()
      const { serve } = hangfire()
      await serveDotnet({ invisibilitySeconds: 60 })
      const began: string[] = []
      await serve({ queues: ['node'], holdfast, concurrency: 2 }, [
        handle(queued, {}, async (_, job) => {
          began.push(job.id)
          await delay(LONGER_THAN_A_WATCHER_WAITS, undefined, { signal: job.signal })
        }),
      ])
      const id = await drive.enqueue('queued')
      await expect
        .poll(async () => (await drive.show(id)).state?.Name, { timeout: 400_000, interval: 1_000 })
        .toBe('Succeeded')
      expect(began).toEqual([id])
      const { history } = await drive.show(id)
      expect(history?.map(({ StateName }) => StateName)).toEqual(['Succeeded', 'Processing', 'Enqueued'])
      expect(await admin.exists(`${PREFIX}queue:node`, `${PREFIX}queue:node:dequeued`)).toBe(0)
    })
  })
})
