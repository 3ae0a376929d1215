import { createLocks } from '@holdfast/core'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'vitest'
import { clients, connect } from '../src/connect.ts'
import { Processes } from '../src/processes.ts'

const url = process.env['REDIS_URL'] ?? ''

/** Longer than the default wait, as the default lease is. It has its own file: it waits while others work. */
const LEASE = 12_000

describe('a lock whose owner is killed', () => {
  it.concurrent.for(clients)(
    'goes to all who wait with default options, over %s',
    async (client, { expect }) => {
      await using processes = new Processes()
      await using connected = await connect(client, url)
      const locks = createLocks(connected.storage, { callTimeoutMs: 60_000 })
      const [before, after] = [randomUUID(), randomUUID()]
      const owner = await processes.startLockOwner({ client, url, names: [before, after], leaseMs: LEASE })

      const waiting = locks.run(before, () => 'it began before')
      await expect.poll(async () => (await locks.inspect(before)).waiting).toBe(1)
      owner.kill('SIGKILL')
      const [early, late, acquired, kept] = await Promise.allSettled([
        waiting,
        locks.run(after, () => 'it began after'),
        locks.acquire(after).then((lease) => lease.release()),
        locks.acquire(after, { waitMs: 500 }),
      ])
      expect([early, late, acquired]).toEqual([
        { status: 'fulfilled', value: 'it began before' },
        { status: 'fulfilled', value: 'it began after' },
        { status: 'fulfilled', value: 'released' },
      ])
      // A given waitMs is kept, and the error names the holder.
      const holders = [expect.objectContaining({ owner: `owner ${owner.pid}` })]
      expect(kept).toMatchObject({ reason: { code: 'LOCK_TIMEOUT', lockName: after, holders } })
      await locks.close()
    },
  )
})
