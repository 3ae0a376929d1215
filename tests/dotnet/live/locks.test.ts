import { createHangfireLocks, hangfireLockResource } from '@holdfast/hangfire-compat'
import { describe, expect, it } from 'vitest'
import { describeWorlds } from '../src/describe-worlds.ts'
import { PREFIX } from '../src/prefix.ts'
import type { Said } from '../src/said.ts'
import { allWorlds } from '../src/world-kinds.ts'

/** Of both sides together. */
const ROUNDS = 200

describe('locks', () => {
  describeWorlds(allWorlds, (world) => {
    it(`H1: neither side gets in while the other is inside, in ${ROUNDS} rounds`, async () => {
      const { admin, client, connect, drive, openDrive } = world()
      const resource = 'AiReviewJobs.ProcessReviewAsync'
      const each = ROUNDS / 4
      const witness = `witness:${resource}`
      const inside: number[] = []
      const nodeTurns = async (of: typeof client): Promise<void> => {
        const locks = createHangfireLocks(of)
        for (let round = 0; round < each; round += 1) {
          await locks.run(resource, { waitMs: 300_000 }, async () => {
            inside.push(await admin.incr(witness))
            for (let i = 0; i < 5; i += 1) await admin.ping()
            await admin.decr(witness)
          })
        }
        await locks.close()
      }
      const dotnetTurns = async (of: typeof drive): Promise<void> => {
        const said = await of.hold(resource, { seconds: 0.002, waitSeconds: 300, times: each })
        for (const line of said) if (line.event === 'enter') inside.push(line.inside)
      }
      await Promise.all([
        nodeTurns(client),
        nodeTurns(await connect()),
        dotnetTurns(drive),
        dotnetTurns(await openDrive()),
      ])
      expect(inside).toEqual(Array.from({ length: ROUNDS }, () => 1))
      expect(await admin.exists(`${PREFIX}${resource}`)).toBe(0)
    })

    it('H1, H2: .NET waits while Node holds, is granted what Node releases, and deletes nothing of it', async () => {
      const { admin, client, drive } = world()
      const locks = createHangfireLocks(client)
      const lease = await locks.acquire('a resource')
      const value = await admin.get(`${PREFIX}a resource`)
      expect(eventsOf(await drive.hold('a resource', { seconds: 0, waitSeconds: 0.5 }))).toEqual(['timeout'])
      expect(await admin.get(`${PREFIX}a resource`)).toBe(value)
      const waiting = drive.hold('a resource', { seconds: 0, waitSeconds: 300 })
      expect(await lease.release()).toBe('released')
      expect(eventsOf(await waiting)).toEqual(['acquired', 'enter', 'leave', 'released'])
      await locks.close()
    })

    it('H1: Node waits while .NET holds, and names the holder', async () => {
      const { client, drive, admin } = world()
      const locks = createHangfireLocks(client)
      const holding = drive.hold('held', { seconds: 4 })
      await expect.poll(async () => await admin.get(`${PREFIX}held`)).not.toBeNull()
      const owner = await admin.get(`${PREFIX}held`)
      await expect(locks.acquire('held', { waitMs: 200 })).rejects.toMatchObject({
        code: 'LOCK_TIMEOUT',
        holders: [expect.objectContaining({ owner })],
      })
      const lease = await locks.acquire('held', { waitMs: 300_000 })
      expect(eventsOf(await holding)).toEqual(['acquired', 'enter', 'leave', 'released'])
      expect(await lease.release()).toBe('released')
      await locks.close()
    })

    it('[DisableConcurrentExecution] locks what hangfireLockResource names', async () => {
      const { client, drive, monitor, serve } = world()
      const locks = createHangfireLocks(client)
      const reviews = 'Acme.Reviews.AiReviewJobs, Acme.Reviews'
      const names = {
        exclusive: hangfireLockResource({ type: reviews, method: 'Exclusive' }),
        account: hangfireLockResource({ format: 'account:{0}', args: ['A1'] }),
        nested: hangfireLockResource({
          type: 'Acme.Reviews.Batch`1+Step[[System.Collections.Generic.List`1[[System.Guid, mscorlib]], mscorlib]], Acme.Reviews',
          method: 'Run',
        }),
      }
      const server = await serve({ workers: 3 })
      // Node holds all of them: `exclusive` and `nested` give up after two seconds, `account` waits for minutes.
      const leases = await Promise.all(Object.values(names).map((name) => locks.acquire(name)))
      const [exclusive, nested, account] = [
        await drive.enqueue('exclusive', { ms: 1 }),
        await drive.enqueue('nested', { ms: 1 }),
        await drive.enqueue('account', { ms: 1 }),
      ]
      for (const id of [exclusive, nested]) {
        const { error } = await server.until('performed', (line) => line.id === id)
        expect(error).toBe('Hangfire.Storage.DistributedLockTimeoutException')
      }
      expect(server.all('enter')).toEqual([])
      await expect.poll(async () => (await monitor.job(account))?.state).toBe('Processing')
      for (const lease of leases) expect(await lease.release()).toBe('released')
      await server.until('leave', ({ name }) => name === 'account:A1')
      await locks.close()
    })
  })
})

function eventsOf(said: readonly Said[]): readonly string[] {
  return said.map(({ event }) => event)
}
