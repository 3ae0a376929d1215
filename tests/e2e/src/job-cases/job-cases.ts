import type { TestRunner } from '@holdfast/core/testing'
import type { JobWorld } from '../job-world.ts'
import type { Access } from './calls.ts'
import { endingCases } from './endings.ts'
import { leaseCases } from './leases.ts'
import { ownerCases } from './owner.ts'
import { startingCases } from './starting.ts'
import { waitingCases } from './waiting.ts'

/** The faults that jobs must withstand, on every storage. `open` is called once, before all of them. */
export function jobCases(runner: TestRunner, open: () => Promise<JobWorld>): void {
  let opened: JobWorld
  runner.beforeAll(async () => {
    opened = await open()
  })
  runner.afterAll(async () => opened.close())
  const access: Access = {
    join: (options) => opened.join(options),
    storageTime: () => opened.now(),
  }
  for (const cases of [startingCases, leaseCases, endingCases, ownerCases, waitingCases])
    cases(runner, access)
}
