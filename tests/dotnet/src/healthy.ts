import { jobBeside, pagesBeside } from '@holdfast/test-support/hangfire'
import { expect, vi } from 'vitest'
import { jobIds } from './job-ids.ts'
import type { World } from './world.ts'

export async function expectEveryPageAnswers200({ dashboard }: World): Promise<void> {
  expect(await dashboard.brokenPages()).toEqual([])
}

/** H9: lists, counters and jobs. Looks again while something moves, such as the heartbeat of a server. */
export async function expectMonitorEqualsDotnet({ drive, monitor, admin, prefix }: World): Promise<void> {
  const look = async (): Promise<void> => {
    const { shown, said } = await pagesBeside(monitor, await drive.stats())
    expect(shown).toEqual(said)
    for (const id of await jobIds(admin, prefix)) {
      const job = await jobBeside(monitor, await drive.show(id))
      expect(job.shown).toEqual(job.said)
    }
  }
  await vi.waitFor(look, { timeout: 20_000, interval: 100 })
}
