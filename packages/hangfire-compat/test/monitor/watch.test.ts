import { createHook } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { createHangfireMonitor } from '../../src/index.ts'
import { consoleId } from '../../src/wire/console.ts'
import { GOOD, openClients } from './over-clients.ts'

const { admin, connected } = await openClients()

/** The timers of an hour that are there; no other code has such. */
const HOUR = 3_600_000
const timers = new Set<number>()
const hook = createHook({
  init(id, type, _, resource) {
    if (type === 'Timeout' && '_idleTimeout' in resource && resource._idleTimeout === HOUR) timers.add(id)
  },
  destroy: (id) => void timers.delete(id),
}).enable()
afterAll(() => void hook.disable())

describe.each(connected)('over $name', ({ client }) => {
  it('watch gives each change, and ends when the job has', async () => {
    const prefix = `{${randomUUID()}}:`
    const monitor = createHangfireMonitor(client, { prefix })
    await admin.hset(`${prefix}job:j`, { ...GOOD, State: 'Enqueued' })
    await admin.expire(`${prefix}job:j`, 1_000)
    const states: (string | undefined)[] = []
    for await (const { state } of monitor.watch('j', { intervalMs: 10 })) {
      states.push(state)
      await admin.hset(`${prefix}job:j`, { State: state === 'Enqueued' ? 'Processing' : 'Succeeded' })
    }
    expect(states).toEqual(['Enqueued', 'Processing', 'Succeeded'])
    for await (const job of monitor.watch('unknown')) expect(job).toBe('never seen')
  })

  it('watch says nothing while nothing changes but the time left', async () => {
    const prefix = `{${randomUUID()}}:`
    let looks = 0
    const send: typeof client.send = (command, key) => {
      looks += command[0] === 'PTTL' ? 1 : 0
      return client.send(command, key)
    }
    const monitor = createHangfireMonitor({ ...client, send }, { prefix })
    await admin.hset(`${prefix}job:j`, { ...GOOD, State: 'Enqueued' })
    await admin.expire(`${prefix}job:j`, 1_000)
    const watch = monitor.watch('j', { intervalMs: 10 })[Symbol.asyncIterator]()
    expect(await watch.next()).toMatchObject({ value: { state: 'Enqueued' } })
    const next = watch.next()
    await expect.poll(() => looks).toBeGreaterThan(4)
    await admin.hset(`${prefix}job:j`, { State: 'Deleted' })
    expect(await next).toMatchObject({ value: { state: 'Deleted' } })
    expect(await watch.next()).toMatchObject({ done: true })
  })

  it('watch ends with its signal, without a timer', async () => {
    const prefix = `{${randomUUID()}}:`
    const monitor = createHangfireMonitor(client, { prefix })
    await admin.hset(`${prefix}job:j`, { ...GOOD, State: 'Enqueued' })
    const { signal, abort } = abortable()
    const watch = monitor.watch('j', { intervalMs: HOUR, signal })[Symbol.asyncIterator]()
    expect(await watch.next()).toMatchObject({ value: { id: 'j' } })
    const next = watch.next()
    await expect.poll(() => timers.size).toBe(1)
    abort()
    expect(await next).toEqual({ done: true, value: undefined })
    await expect.poll(() => timers.size).toBe(0)
    for await (const job of monitor.watch('j', { signal })) expect(job).toBe('never seen')
    const another = abortable()
    for await (const { state } of monitor.watch('j', { intervalMs: HOUR, signal: another.signal })) {
      expect(state).toBe('Enqueued')
      another.abort()
    }
    expect(timers.size).toBe(0)
    for (const intervalMs of [0, -1, NaN, 3_600_001])
      expect(() => monitor.watch('j', { intervalMs })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
  })

  it('shows the lines and bars of each run', async () => {
    const prefix = `{${randomUUID()}}:`
    const monitor = createHangfireMonitor(client, { prefix })
    const [first, second, silent] = [1_451_606_400_000, 1_451_606_500_000, 1_451_606_600_000]
    for (const startedAt of [first, second, silent])
      await admin.rpush(
        `${prefix}job:123:history`,
        JSON.stringify({ State: 'Processing', StartedAt: `${startedAt}`, CreatedAt: `${startedAt}` }),
      )
    await admin.rpush(`${prefix}job:123:history`, 'no JSON')
    const reference = 'a'.repeat(32)
    const lines = [
      { t: 0, s: 'begin', c: '#ffffff' },
      { t: 0.0001, s: '1', n: 'upload', p: 0, c: '#00ff00' },
      { t: 1.5, s: reference, r: true },
      { t: 2, s: '1', p: 37.5 },
      { t: 2.5, s: 'f'.repeat(32), r: true },
    ]
    const key = `${prefix}console:00cdb7af151123`
    await admin.zadd(key, ...lines.flatMap((line) => [line.t, JSON.stringify(line)]), 9, 'no JSON')
    await admin.hset(`${prefix}console:refs:00cdb7af151123`, { jobId: '123', [reference]: 'a long text' })
    await admin.zadd(`${prefix}${consoleId('123', second)}`, 0.25, '{"t":0.25,"s":"of an early version"}')
    expect(await monitor.console('123')).toEqual([
      {
        startedAt: second,
        lines: [{ at: second + 250, text: 'of an early version' }],
        bars: [],
        unreadable: [],
      },
      {
        startedAt: first,
        lines: [
          { at: first, text: 'begin', color: '#ffffff' },
          { at: first + 1_500, text: 'a long text' },
        ],
        bars: [{ id: '1', name: 'upload', percent: 37.5, color: '#00ff00', at: first + 2_000 }],
        unreadable: [
          expect.objectContaining({ key, stored: expect.stringContaining('ffff') }),
          expect.objectContaining({ key, stored: 'no JSON' }),
        ],
      },
    ])
    expect(await monitor.console('unknown')).toEqual([])
  })
})

function abortable(): { readonly signal: AbortSignal; abort(): void } {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}

it('a console is named as Hangfire.Console names it', () => {
  expect(consoleId('123', Date.UTC(2016, 0, 1))).toBe('00cdb7af151123')
})
