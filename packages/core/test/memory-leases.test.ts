import { afterAll, beforeAll, describe, it } from 'vitest'
import { memoryStorage } from '@holdfast/core'
import { leasesKit } from '../src/testing/leases/leases-kit.ts'
import { leasesWalk } from '../src/testing/leases/leases-walk.ts'
import type { StorageUnderTest } from '../src/testing/runner.ts'

const runner = { describe, it, beforeAll, afterAll }

/** A memory storage whose clock stands still until the kit moves it. */
async function open(): Promise<StorageUnderTest> {
  let now = 1_800_000_000_000
  const storage = memoryStorage({ now: () => now })
  const elapse = async (ms: number): Promise<void> => void (now += ms)
  return { storage, elapse, close: () => storage.close() }
}

leasesKit(runner, open, { movesTime: true })
leasesWalk(runner, open, {}, { seeds: 100 })
