import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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

describe('an ending', () => {
  const request = { leaseMs: 1_000, permits: 1, wait: false, claimMs: 1_000 }

  it.each([0, 20_000])(
    'is remembered for 10 seconds, and as long as an acquire is in time (%d ms)',
    async (inTimeMs) => {
      const releasedAt = 1_800_000_000_000
      let now = releasedAt + 0.4
      const { leases } = memoryStorage({ now: () => now })
      await leases.release('lock', { token: 'p.1', claimMs: 1_000, notAfter: releasedAt + inTimeMs })
      const lastMs = Math.max(10_000, inTimeMs)
      const late = { ...request, token: 'p.1', notAfter: releasedAt + lastMs }
      // To the end of the last millisecond.
      for (const afterMs of [1, lastMs - 1, lastMs, lastMs + 0.9]) {
        now = releasedAt + afterMs
        expect([afterMs, await leases.acquire('lock', late)]).toMatchObject([afterMs, { outcome: 'ended' }])
      }
      now = releasedAt + lastMs + 1
      expect(await leases.acquire('lock', late)).toMatchObject({ outcome: 'late' })
      const longer = { ...late, notAfter: Infinity }
      expect(await leases.acquire('lock', longer)).toMatchObject({ outcome: 'granted' })
    },
  )
})

leasesKit(runner, open, { movesTime: true })
leasesWalk(runner, open, {}, { seeds: 100 })
