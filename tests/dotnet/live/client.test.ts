import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { HangfireWarning } from '@holdfast/hangfire-compat'
import { describe, expect, it, onTestFinished } from 'vitest'
import { describeWorlds } from '../src/describe-worlds.ts'
import { add, failForGood, kinds, log, sleep } from '../src/jobs.ts'
import { nodeWitness } from '../src/node-jobs.ts'
import { PREFIX } from '../src/prefix.ts'
import { allWorlds } from '../src/world-kinds.ts'
import { untilCommitted } from '../src/until-committed.ts'

describe('Node creates jobs and changes them, .NET runs them', () => {
  describeWorlds(allWorlds, (world) => {
    it('H3: every kind of parameter arrives', async () => {
      const { hangfire, monitor, serve } = world()
      const server = await serve()
      const { jobs } = hangfire()
      const options = { Model: 'gpt', Deep: true, Deadline: '2025-01-02T03:04:05Z', Tags: ['a', 'b'] }
      const at = new Date('2025-01-02T03:04:05.678Z')
      const id = await jobs.enqueue(kinds, [
        'F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6',
        'zażółć "q"\n{"a":1}',
        -1,
        7,
        5,
        at,
        '2025-01-02T05:04:05.678+02:00',
        90_061_001,
        9_007_199_254_740_993n,
        '12.30',
        0.1,
        true,
        Uint8Array.of(1, 2, 255),
        options,
        ['a', ''],
        { one: 1 },
        { free: 'x' },
      ])
      const got = await server.until('kinds')
      expect(got).toMatchObject({
        job: id,
        id: 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
        text: 'zażółć "q"\n{"a":1}',
        number: -1,
        maybe: 7,
        day: 'Friday',
        date: '2025-01-02T03:04:05.6780000Z',
        dateKind: 'Utc',
        moment: '2025-01-02T05:04:05.6780000+02:00',
        span: '1.01:01:01.0010000',
        money: 12.3,
        real: 0.1,
        flag: true,
        bytes: 'AQL/',
        options: { Model: 'gpt', MaxTokens: null, Deep: true, Tags: ['a', 'b'] },
        list: ['a', ''],
        map: { one: 1 },
        anyType: 'Newtonsoft.Json.Linq.JObject',
        cancellable: true,
      })
      // The result is .NET's own text of what it got: its numbers were not read by JavaScript.
      await expect.poll(async () => (await monitor.job(id))?.state).toBe('Succeeded')
      const result = JSON.parse((await monitor.succeeded()).jobs[0]?.result ?? '') as string
      expect(result).toContain('"big":9007199254740993,"money":12.30')
    })

    it('H3: null and defaults arrive', async () => {
      const { hangfire, serve } = world()
      const server = await serve()
      await hangfire().jobs.enqueue(kinds, [
        '00000000-0000-0000-0000-000000000000',
        null,
        0,
        null,
        0,
        new Date('0001-01-01T00:00:00Z'),
        '0001-01-01T00:00:00+00:00',
        0,
        0,
        '0.0',
        0,
        false,
        null,
        null,
        null,
        null,
        null,
      ])
      expect(await server.until('kinds')).toMatchObject({
        text: null,
        maybe: null,
        day: 'Sunday',
        date: '0001-01-01T00:00:00.0000000Z',
        span: '00:00:00',
        bytes: null,
        options: null,
        list: null,
        map: null,
        any: null,
      })
    })

    it('H3: a job that is created twice by the same id is one', async () => {
      const { admin, hangfire, serve } = world()
      const { jobs } = hangfire()
      const id = randomUUID()
      expect(await jobs.enqueue(log, ['once'], { id })).toBe(id)
      expect(await jobs.enqueue(log, ['once'], { id })).toBe(id)
      expect(await admin.lrange(`${PREFIX}queue:default`, 0, -1)).toEqual([id])
      const server = await serve()
      await untilCommitted(world(), server, id, 'Succeeded')
      expect(await jobs.enqueue(log, ['once'], { id })).toBe(id)
      await server.until('performed', (line) => line.id === id)
      const last = await jobs.enqueue(log, ['last'])
      await server.until('performed', (line) => line.id === last)
      expect(server.all('log').map(({ message }) => message)).toEqual(['once', 'last'])
    })

    it('H12: .NET enqueues what Node schedules, and not before its time', async () => {
      const { hangfire, serve } = world()
      const server = await serve({ queues: ['critical', 'default'], workers: 6 })
      const { jobs, monitor } = hangfire()
      const ids = await Promise.all(
        [100, 700, 1_300].flatMap((delayMs) => [
          jobs.schedule(log, ['plain'], { delayMs }),
          jobs.schedule(log, ['with a queue'], { delayMs, queue: 'default' }),
        ]),
      )
      for (const id of ids) {
        await server.until('performed', (line) => line.id === id)
        const job = await monitor.job(id)
        const scheduled = job?.history.find(({ name }) => name === 'Scheduled')
        const enqueued = job?.history.find(({ name }) => name === 'Enqueued')
        expect(Number(enqueued?.createdAt)).toBeGreaterThanOrEqual(instantOf(scheduled?.data))
      }
    })

    it('continuations: a child of Node follows a parent of .NET, and the other way round', async () => {
      const { drive, hangfire, monitor, serve } = world()
      const { jobs } = hangfire()
      const parents = [await drive.enqueue('add'), await jobs.enqueue(add, [1, 2])] as const
      const failing = await jobs.enqueue(failForGood, ['boom'])
      const children = {
        ofDotnet: await jobs.continueWith(parents[0], log, ['after .NET']),
        ofNode: await drive.enqueue('log', { after: parents[1] }),
        nodes: await jobs.continueWith(parents[1], log, ['after Node'], { on: 'any' }),
        never: await jobs.continueWith(parents[0], log, ['never'], { on: 'deleted' }),
        deleted: await jobs.continueWith(failing, log, ['deleted'], { on: 'deleted' }),
      }
      await monitor.awaiting()
      const server = await serve()
      for (const id of [children.ofDotnet, children.ofNode, children.nodes])
        await untilCommitted(world(), server, id, 'Succeeded')
      await expect.poll(async () => (await monitor.job(children.never))?.state).toBe('Deleted')
      // A failed job has not ended.
      await untilCommitted(world(), server, failing, 'Failed')
      expect((await monitor.job(children.deleted))?.state).toBe('Awaiting')
      expect(await jobs.delete(failing)).toBe(true)
      await untilCommitted(world(), server, children.deleted, 'Succeeded')
      // The parent has ended already.
      const late = await jobs.continueWith(parents[1], log, ['late'])
      await untilCommitted(world(), server, late, 'Succeeded')
    })

    it('requeue and delete: what waits, what failed, and what .NET runs', async () => {
      const { drive, hangfire, monitor, serve } = world()
      const { jobs } = hangfire()
      const waiting = await drive.enqueue('log')
      expect(await jobs.delete(waiting)).toBe(true)
      expect(await jobs.delete(randomUUID())).toBe(false)
      const server = await serve({ cancelCheckSeconds: 1, workers: 3 })
      const failed = await drive.enqueue('failed')
      await untilCommitted(world(), server, failed, 'Failed')
      await expect.poll(async () => (await monitor.job(failed))?.state).toBe('Failed')
      const from = server.said.length
      expect(await jobs.requeue(failed)).toBe(true)
      // RetryCount stays: the next failure is final.
      await untilCommitted(world(), server, failed, 'Failed', { from })
      const running = await jobs.enqueue(sleep, [60_000])
      await server.until('enter', ({ name }) => name === 'sleep')
      expect(await jobs.delete(running)).toBe(true)
      await server.until('leave', ({ name }) => name === 'sleep')
      await server.until('performed', (line) => line.id === running)
      expect((await monitor.job(running))?.state).toBe('Deleted')
      expect((await monitor.job(waiting))?.state).toBe('Deleted')
      expect(server.all('log')).toEqual([])
    })

    it('H4: no change of a state is lost while both sides change the same jobs', async () => {
      const { admin, drive, hangfire, monitor } = world()
      const { jobs } = hangfire()
      const ids = await drive.enqueueMany(4, 'log')
      const changes = 30
      let done = 0
      const count = (isDone: boolean): void => void (done += Number(isDone))
      const node = ids.map(async (id) => {
        for (let i = 0; i < changes; i += 1) count(await (i % 2 === 0 ? jobs.delete(id) : jobs.requeue(id)))
      })
      const dotnet = async (): Promise<void> => {
        for (let i = 0; i < changes; i += 1)
          for (const id of ids) count(await (i % 2 === 0 ? drive.delete(id) : drive.requeue(id)))
      }
      await Promise.all([...node, dotnet()])
      expect(done).toBe(2 * changes * ids.length)
      const shown = await Promise.all(ids.map((id) => monitor.job(id)))
      const entries = shown.flatMap((job) => job?.history ?? [])
      expect(entries).toHaveLength(ids.length + done)
      const deleted = shown.filter((job) => job?.state === 'Deleted').length
      expect(await monitor.statistics()).toMatchObject({ deleted, unreadable: [] })
      expect(await admin.llen(`${PREFIX}deleted`)).toBe(deleted)
      expect(await admin.keys(`${PREFIX}*state-lock`)).toEqual([])
    })

    it('warns of a job of an interface that goes to a queue of a .NET server, as the server itself announces it', async () => {
      const { hangfire, prefix, serve } = world()
      await serve()
      const heard: unknown[] = []
      const listener = (event: unknown): void => {
        const { prefix: of, code, queue } = event as HangfireWarning
        if (of === prefix) heard.push({ code, queue })
      }
      subscribe('holdfast:hangfire', listener)
      onTestFinished(() => void unsubscribe('holdfast:hangfire', listener))
      const { jobs } = hangfire()
      const later = { delayMs: 86_400_000, queue: 'default' }
      const id = await jobs.schedule(nodeWitness, ['nobody runs it', 1], later)
      const code = 'HANGFIRE_INTERFACE_IN_DOTNET_QUEUE'
      await expect.poll(() => heard).toContainEqual({ code, queue: 'default' })
      expect(await jobs.delete(id)).toBe(true)
    })
  })
})

function instantOf(data: object | undefined): number {
  const { EnqueueAt } = data as { readonly EnqueueAt: string }
  return /^\d+$/.test(EnqueueAt) ? Number(EnqueueAt) : Date.parse(EnqueueAt)
}
