import { createHangfireLocks } from '@holdfast/hangfire-compat'
import { describe, it } from 'vitest'
import { describeWorldsAtOnce } from '../src/describe-worlds.ts'
import { PREFIX } from '../src/prefix.ts'
import { twoWorlds } from '../src/world-kinds.ts'

/** A lease of either side has 30 s. */
const LONGER_THAN_A_LEASE = 40

describe('H1: a lock is kept for longer than its lease', () => {
  describeWorldsAtOnce(twoWorlds, (world) => {
    it('by both sides at once, while the other asks for it', async ({ expect }) => {
      const { admin, client, drive, openDrive } = world()
      const locks = createHangfireLocks(client)
      const lease = await locks.acquire('of Node')
      const holding = drive.hold('of .NET', { seconds: LONGER_THAN_A_LEASE })
      await expect.poll(async () => await admin.exists(`${PREFIX}of .NET`)).toBe(1)

      const another = await openDrive()
      const seconds = LONGER_THAN_A_LEASE - 5
      const [refused] = await Promise.all([
        another.hold('of Node', { seconds: 0, waitSeconds: seconds }),
        expect(locks.acquire('of .NET', { waitMs: seconds * 1_000 })).rejects.toMatchObject({
          code: 'LOCK_TIMEOUT',
        }),
      ])
      expect(refused).toEqual([expect.objectContaining({ event: 'timeout', resource: 'of Node' })])
      expect(lease.signal.aborted).toBe(false)
      expect(await lease.release()).toBe('released')
      expect((await holding).map(({ event }) => event)).toEqual(['acquired', 'enter', 'leave', 'released'])
      expect(await admin.exists(`${PREFIX}of Node`, `${PREFIX}of .NET`)).toBe(0)
      await locks.close()
    })
  })
})
