import { handle } from '@holdfast/hangfire-compat'
import { describe, expect, it } from 'vitest'
import { describeWorlds } from '../src/describe-worlds.ts'
import { log } from '../src/jobs.ts'
import { nodeKinds, plain, queued } from '../src/node-jobs.ts'
import { PREFIX } from '../src/prefix.ts'
import { allWorlds } from '../src/world-kinds.ts'
import type { World } from '../src/world.ts'

const review = (number: number): string => `0000000${number}-0000-0000-0000-000000000000`

/** A promise that a body waits for, or settles. */
function gate(): PromiseWithResolvers<void> {
  return Promise.withResolvers<void>()
}

async function stateOf({ monitor }: World, id: string): Promise<string | undefined> {
  return (await monitor.job(id))?.state
}

describe('.NET creates jobs and changes them, Node runs them', () => {
  describeWorlds(allWorlds, (world) => {
    it('H5, H8: every kind of parameter arrives, once, and .NET shows the result', async () => {
      const { drive, hangfire, holdfast } = world()
      const { serve } = hangfire()
      const got: (readonly unknown[])[] = []
      const id = await drive.enqueue('node-kinds')
      const nulls = await drive.enqueue('node-nulls')
      await serve({ queues: ['node'], holdfast }, [
        handle(nodeKinds, {}, (args) => {
          got.push(args)
          return { got: args[0] }
        }),
      ])
      for (const each of [id, nulls]) await expect.poll(() => stateOf(world(), each)).toBe('Succeeded')
      // .NET leaves out what is at its default.
      const options = { Model: 'gpt', Deadline: '2025-01-02T03:04:05Z', Tags: ['a', 'b'] }
      expect(got).toHaveLength(2)
      const [first, second] = [
        got.find(([guid]) => guid === review(1)),
        got.find(([guid]) => guid !== review(1)),
      ]
      expect(first).toEqual([
        review(1),
        'zażółć "q"',
        0,
        7,
        5,
        new Date('2025-01-02T03:04:05.678Z'),
        '2025-01-02T05:04:05.678+02:00',
        90_000,
        9_007_199_254_740_993n,
        '12.30',
        0.1,
        true,
        Uint8Array.of(1, 2, 255),
        options,
        ['a', 'b'],
        { one: 1 },
        options,
      ])
      expect(second).toEqual([
        '00000000-0000-0000-0000-000000000000',
        null,
        0,
        null,
        0,
        new Date('0001-01-01T00:00:00Z'),
        expect.stringMatching(/^0001-01-01T00:00:00(\+00:00|Z)$/),
        0,
        0n,
        expect.stringMatching(/^0(\.0)?$/),
        0,
        false,
        null,
        null,
        null,
        null,
        null,
      ])
      const said = await drive.show(id)
      expect(said.state).toMatchObject({ Name: 'Succeeded', Data: { Result: `{"got":"${review(1)}"}` } })
      expect(said.history?.map(({ StateName }) => StateName)).toEqual(['Succeeded', 'Processing', 'Enqueued'])
    })

    it('a failed job that a person requeues by its button comes back to Node', async () => {
      const { admin, dashboard, drive, hangfire, holdfast, serve: serveDotnet } = world()
      const { serve } = hangfire()
      await serveDotnet()
      let runs = 0
      const server = await serve({ queues: ['node'], holdfast }, [
        handle(queued, { automaticRetry: { attempts: 0 } }, () => {
          runs += 1
          if (runs === 1) throw new TypeError('boom')
        }),
      ])
      const id = await drive.enqueue('queued')
      await expect.poll(() => stateOf(world(), id)).toBe('Failed')
      const { state } = await drive.show(id)
      expect(state?.Data).toMatchObject({ ExceptionType: 'TypeError', ExceptionMessage: 'boom' })
      await server.stop()
      await dashboard.press('requeue', id)
      expect(await admin.lrange(`${PREFIX}queue:node`, 0, -1)).toEqual([id])
      expect(await admin.llen(`${PREFIX}queue:default`)).toBe(0)
      await serve({ queues: ['node'], holdfast }, [handle(queued, {}, () => void (runs += 1))])
      await expect.poll(() => stateOf(world(), id)).toBe('Succeeded')
      expect(runs).toBe(2)
    })

    it('H12: a job is retried, in its queue, with .NET or Node as its scheduler, and then deleted', async () => {
      const { drive, hangfire, holdfast, serve: serveDotnet } = world()
      const { serve } = hangfire()
      await serveDotnet()
      const retries: number[] = []
      await serve({ queues: ['node'], holdfast }, [
        handle(
          queued,
          { automaticRetry: { attempts: 2, delaysMs: [700], onAttemptsExceeded: 'delete' } },
          (_, job) => {
            retries.push(job.retryCount)
            throw new Error('boom')
          },
        ),
      ])
      const id = await drive.enqueue('queued')
      await expect.poll(() => stateOf(world(), id)).toBe('Deleted')
      expect(retries).toEqual([0, 1, 2])
      const { history, properties } = await drive.show(id)
      expect(properties?.['RetryCount']).toBe('2')
      const names = history?.map(({ StateName }) => StateName).toReversed()
      expect(names?.filter((name) => name === 'Scheduled')).toHaveLength(2)
      expect(names?.at(-1)).toBe('Deleted')
      for (const [i, entry] of history?.entries() ?? []) {
        if (entry.StateName !== 'Scheduled') continue
        const due = instantOf(entry.Data['EnqueueAt'])
        expect(Date.parse(history?.[i - 1]?.CreatedAt ?? '')).toBeGreaterThanOrEqual(due)
      }
    })

    it('H8: contention with .NET skips, or waits and spends no attempt', async () => {
      const { drive, hangfire, holdfast } = world()
      const { serve } = hangfire()
      let runs = 0
      const holding = drive.hold('shared', { seconds: 5 })
      await expect.poll(() => world().admin.exists(`${PREFIX}shared`)).toBe(1)
      await serve({ queues: ['node'], holdfast }, [
        handle(
          queued,
          { disableConcurrentExecution: { waitMs: 100, resource: 'shared', onContention: 'skip' } },
          () => void (runs += 1),
        ),
        handle(
          plain,
          { disableConcurrentExecution: { waitMs: 100, resource: 'shared', rescheduleMs: 1_000 } },
          () => void (runs += 1),
        ),
      ])
      const { jobs, monitor } = hangfire()
      const skipped = await jobs.enqueue(queued, [review(1)])
      const waiting = await jobs.enqueue(plain, [review(2), 'acme/web', null])
      await expect.poll(() => stateOf(world(), skipped)).toBe('Deleted')
      expect((await monitor.job(skipped))?.stored?.reason).toBeTruthy()
      expect(runs).toBe(0)
      await holding
      await expect.poll(() => stateOf(world(), waiting)).toBe('Succeeded')
      expect(runs).toBe(1)
      expect((await monitor.job(waiting))?.retryCount ?? 0).toBe(0)
    })

    it('H5: .NET deletes or requeues a job that Node runs: its signal aborts, and its result changes nothing', async () => {
      const { dashboard, drive, hangfire, holdfast } = world()
      const { serve } = hangfire()
      const aborted: string[] = []
      const entered: string[] = []
      const ends = gate()
      await serve({ queues: ['node'], holdfast, concurrency: 3 }, [
        handle(queued, {}, async (_, job) => {
          entered.push(job.id)
          if (entered.filter((each) => each === job.id).length > 1) return 'second'
          await new Promise((resolve) => job.signal.addEventListener('abort', resolve, { once: true }))
          aborted.push(job.id)
          await ends.promise
          return 'late'
        }),
      ])
      const [deleted, requeued] = [await drive.enqueue('queued'), await drive.enqueue('queued')]
      await expect.poll(() => entered.toSorted()).toEqual([deleted, requeued].toSorted())
      await dashboard.press('delete', deleted)
      expect(await drive.requeue(requeued)).toBe(true)
      await expect.poll(() => aborted.toSorted()).toEqual([deleted, requeued].toSorted())
      ends.resolve()
      await expect.poll(() => stateOf(world(), requeued)).toBe('Succeeded')
      expect(await stateOf(world(), deleted)).toBe('Deleted')
      expect(entered.filter((id) => id === deleted)).toHaveLength(1)
      const statistics = await world().monitor.statistics()
      expect(statistics).toMatchObject({ succeeded: 1, deleted: 1, processing: 0, unreadable: [] })
      // Its body has ended, and then its server forgets it.
      await expect
        .poll(() => world().admin.lrange(`${PREFIX}queue:node:dequeued`, 0, -1))
        .not.toContain(deleted)
    })

    it('H4: continuations across both, no matter which side runs the parent', async () => {
      const { drive, hangfire, holdfast, serve: serveDotnet } = world()
      const { jobs, serve } = hangfire()
      const dotnet = await serveDotnet()
      let failing = true
      await serve({ queues: ['node'], holdfast }, [
        handle(queued, {}, () => 'reviewed'),
        handle(plain, { automaticRetry: { attempts: 0, onAttemptsExceeded: 'delete' } }, () => {
          if (failing) throw new Error('boom')
        }),
      ])
      // Parents that wait, so that their children are there before they end.
      const parent = await drive.enqueue('add', { delaySeconds: 1 })
      const child = await jobs.continueWith(parent, queued, [review(1)])
      const grandchild = await drive.enqueue('log', { after: child })
      const last = await jobs.continueWith(grandchild, log, ['last'], { on: 'any' })
      const doomed = await jobs.continueWith(parent, plain, [review(2), 'acme/web', null])
      const consolation = await drive.enqueue('log', { after: doomed, on: 'deleted' })
      const never = await drive.enqueue('log', { after: doomed })
      for (const id of [parent, child, grandchild, last, consolation])
        await expect.poll(() => stateOf(world(), id)).toBe('Succeeded')
      await expect.poll(() => stateOf(world(), never)).toBe('Deleted')
      failing = false
      // What .NET has said may arrive after what it has written.
      await expect.poll(() => dotnet.all('log')).toHaveLength(3)
    })

    it('a graceful stop puts a job back, and the next server runs it', async () => {
      const { admin, drive, hangfire, holdfast } = world()
      const { serve } = hangfire()
      const entered = gate()
      const first = await serve({ queues: ['node'], holdfast, name: 'first' }, [
        handle(queued, {}, async (_, job) => {
          entered.resolve()
          await new Promise((_resolve, reject) => {
            job.signal.addEventListener('abort', () => reject(job.signal.reason as Error))
          })
        }),
      ])
      const id = await drive.enqueue('queued')
      await entered.promise
      expect((await drive.stats()).servers).toMatchObject([{ Name: first.id, Queues: ['node'] }])
      await first.stop({ graceMs: 15_000 })
      expect(await admin.lrange(`${PREFIX}queue:node`, 0, -1)).toEqual([id])
      expect((await drive.stats()).servers).toEqual([])
      await serve({ queues: ['node'], holdfast, name: 'second' }, [handle(queued, {}, () => 'done')])
      await expect.poll(() => stateOf(world(), id)).toBe('Succeeded')
    })
  })
})

function instantOf(text = ''): number {
  return /^\d+$/.test(text) ? Number(text) : Date.parse(text)
}
