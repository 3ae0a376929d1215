import { describe, expect, it } from 'vitest'
import { describeWorlds } from '../src/describe-worlds.ts'
import { add, log } from '../src/jobs.ts'
import { queued } from '../src/node-jobs.ts'
import { jobIds } from '../src/job-ids.ts'
import { PREFIX } from '../src/prefix.ts'
import { allWorlds } from '../src/world-kinds.ts'
import { untilCommitted } from '../src/until-committed.ts'

const EVERY_OTHER_SECOND = '*/2 * * * * *'
const ONCE_A_YEAR = '0 0 1 1 *'

describe('Node makes recurring jobs, .NET runs them', () => {
  describeWorlds(allWorlds, (world) => {
    it('H12: at their times, and not when they are made', async () => {
      const { admin, drive, hangfire, serve } = world()
      const { recurring } = hangfire()
      await recurring.addOrUpdate('yearly', add, [1, 2], ONCE_A_YEAR, { timeZone: 'Europe/Paris' })
      await recurring.addOrUpdate('often', log, ['often'], EVERY_OTHER_SECOND)
      const server = await serve({ workers: 4 })
      await expect.poll(() => server.all('log').length).toBeGreaterThanOrEqual(2)
      const all = await drive.recurring()
      const yearly = all.find(({ Id }) => Id === 'yearly')
      const often = all.find(({ Id }) => Id === 'often')
      expect(yearly).toMatchObject({ Cron: ONCE_A_YEAR, LastExecution: null, Error: null })
      // Midnight in Paris.
      expect(yearly?.NextExecution).toMatch(/^\d{4}-12-31T23:00:00Z$/)
      expect(often).toMatchObject({ LastJobState: expect.any(String), Error: null })
      expect(Date.parse(often?.NextExecution ?? '') % 2_000).toBe(0)
      for (const id of await jobIds(admin, PREFIX)) {
        const { properties } = await drive.show(id)
        expect(properties).toMatchObject({ RecurringJobId: '"often"' })
      }
    })

    it('a changed one runs by its new times; an unchanged one stays', async () => {
      const { drive, hangfire, serve } = world()
      const { recurring } = hangfire()
      await recurring.addOrUpdate('changed', log, ['changed'], ONCE_A_YEAR)
      const server = await serve()
      const next = async (): Promise<string | null | undefined> => (await drive.recurring())[0]?.NextExecution
      await expect.poll(next).toMatch(/-01-01T00:00:00Z$/)
      const before = await next()
      await recurring.addOrUpdate('changed', log, ['changed'], ONCE_A_YEAR)
      expect(await next()).toBe(before)
      await recurring.addOrUpdate('changed', log, ['changed'], '0 0 2 2 *')
      expect(await next()).toMatch(/-02-02T00:00:00Z$/)
      expect(server.all('log')).toEqual([])
      await recurring.addOrUpdate('changed', log, ['changed'], EVERY_OTHER_SECOND)
      await server.until('log')
    })

    it('both sides trigger and remove them', async () => {
      const { drive, hangfire, monitor, serve } = world()
      const { recurring } = hangfire()
      const server = await serve()
      await recurring.addOrUpdate("Node's", log, ["Node's"], ONCE_A_YEAR)
      await drive.addRecurring('default')
      const ids = [
        await recurring.trigger("Node's"),
        await drive.trigger("Node's"),
        await recurring.trigger('minutely'),
      ]
      for (const id of ids) await untilCommitted(world(), server, id ?? '', 'Succeeded')
      const ran = server.all('log').map(({ message }) => message)
      expect(ran.filter((each) => each === "Node's")).toHaveLength(2)
      // A minute may have begun meanwhile.
      expect(ran).toContain('minutely')
      expect(await recurring.remove('minutely')).toBe(true)
      expect(await recurring.remove('minutely')).toBe(false)
      await drive.removeRecurring("Node's")
      expect(await recurring.trigger("Node's")).toBeUndefined()
      expect((await monitor.recurring()).recurring.map(({ id }) => id).toSorted()).toEqual([
        'cleanup',
        'paris',
      ])
    })

    it('one of an interface goes to the queue that Node serves', async () => {
      const { admin, hangfire, serve } = world()
      const { recurring } = hangfire()
      await recurring.addOrUpdate(
        'for Node',
        queued,
        ['00000001-0000-0000-0000-000000000000'],
        EVERY_OTHER_SECOND,
      )
      await serve()
      await expect.poll(() => admin.llen(`${PREFIX}queue:node`)).toBeGreaterThanOrEqual(1)
      expect(await admin.exists(`${PREFIX}queue:default`)).toBe(0)
    })
  })
})
