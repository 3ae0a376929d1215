import { createHoldfast } from '@holdfast/core'
import { ioredisStorage } from '@holdfast/redis-ioredis'
import { until } from '@holdfast/test-support/servers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addReader, openShop } from '../shop.ts'

const shop = await openShop()
const { idempotency } = shop.holdfast
let running: Promise<unknown>
const signals: AbortSignal[] = []
let ownerWrites = async (): Promise<unknown> => undefined

beforeAll(async () => {
  await addReader(shop)
  await idempotency.run('video', 'done', () => ({ frames: 3 }))
  await idempotency.run('video', 'broken', () => Promise.reject(new Error('no codec'))).catch(() => undefined)
  running = idempotency
    .run('video', 'busy', { leaseMs: 60_000 }, async (context) => {
      const { signal } = context
      signals.push(signal)
      ownerWrites = () => context.updateProgress(50).catch(() => undefined)
      await context.updateProgress(40, 'encoding')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)))
    })
    .catch(() => undefined)
  const write = { writeId: 'w', ttlMs: 600_000, notify: false }
  await ioredisStorage(shop.admin).records.put({ collection: 'shop:video', id: 'newer' }, null, {
    ...write,
    value: '{"v":2}',
  })
  await until(
    'it runs',
    async () => (await idempotency.getExecutionStatus('video', 'busy'))?.progressPercentage === 40,
  )
})
afterAll(async () => {
  await shop[Symbol.asyncDispose]()
  await running
})

describe('holdfast jobs', () => {
  it('list counts by type, and names what another version has written', async () => {
    const { code, out, err } = await shop.runAs('reader', 'jobs', 'list')
    expect(code, err).toBe(0)
    expect(out).toMatch(/^TYPE +EXECUTING +STALLED +RELEASED +FAILED +COMPLETED\nvideo +1 +0 +0 +1 +1\n$/)
    expect(err).toMatch(
      /^1 record of another version of Holdfast.*: video newer\. holdfast codes RECORD_UNREADABLE /,
    )
  })

  it('list of a type, filtered', async () => {
    const { out } = await shop.run('jobs', 'list', 'video', '--status', 'executing')
    expect(out).toMatch(/\nbusy +executing +1 +web-1:77 +20\d\d-\S+Z +\d+ m?s +40 %\n$/)
    const failed = await shop.run('jobs', 'list', 'video', '--status', 'failed', '--json')
    expect(JSON.parse(failed.out)).toMatchObject({
      schema: 1,
      jobType: 'video',
      executions: [{ jobKey: 'broken', state: 'failed', error: { message: 'no codec' } }],
      unreadable: ['newer'],
      more: false,
    })
  })

  it('show', async () => {
    const { code, out } = await shop.run('jobs', 'show', 'video', 'busy')
    expect(code).toBe(0)
    expect(out).toMatch(/^video busy: executing\nexecution +\S+, attempt 1, fencing token \d+\n/)
    expect(out).toMatch(/\nprogress +40 % encoding\n$/)
    const done = await shop.run('jobs', 'show', 'video', 'done', '--json')
    expect(JSON.parse(done.out)).toMatchObject({ execution: { state: 'completed', result: { frames: 3 } } })
  })

  it.each([
    [
      ['jobs', 'list', 'vidoe'],
      /^holdfast: Redis has no record of a job of type vidoe .* Types that it has: video\.\n$/,
    ],
    [['jobs', 'show', 'video', 'none'], /^holdfast: Redis has no job video none: .*\n$/],
    [
      ['jobs', 'show', 'video', 'newer'],
      /^holdfast: The stored record has version 2, and this version .*\n$/,
    ],
    [
      ['jobs', 'list', '--prefix', 'shpo'],
      /^holdfast: No key .* prefix shpo .* Prefixes that have: shop; .*\n$/,
    ],
    [
      ['jobs', 'cancel', 'video', 'done', '--yes'],
      /^holdfast: video done is completed: .* Nothing was changed\.\n$/,
    ],
    [['jobs', 'watch', 'vidoe', 'x'], /^holdfast: Redis has no record of a job of type vidoe /],
  ])('%j ends with 1 and one line', async (args, line) => {
    const { code, out, err } = await shop.run(...args)
    expect([code, out]).toEqual([1, ''])
    expect(err).toMatch(line)
  })

  it('show prints JSON also of what is not there', async () => {
    const { code, out } = await shop.run('jobs', 'show', 'video', 'none', '--json')
    expect([code, JSON.parse(out)]).toEqual([1, { schema: 1, command: 'jobs show', execution: null }])
  })

  it('list without jobs names its prefix, and those that have keys', async () => {
    await shop.admin.set('{holdfast:l:empty:lock:a}:s', 'x')
    const { code, err } = await shop.run('jobs', 'list', '--prefix', 'empty')
    expect([code, err]).toEqual([
      0,
      'Redis has no record of a job under the prefix empty: none was started within 30 days, or Redis lost them (holdfast doctor). Other prefixes that have keys: shop (--prefix).\n',
    ])
    await shop.admin.del('{holdfast:l:empty:lock:a}:s')
  })

  it('forget removes also what cannot be read; a reader may not', async () => {
    const reader = await shop.runAs('reader', 'jobs', 'forget', 'video', 'newer', '--yes')
    expect(reader.code).toBe(3)
    expect(reader.err).toContain('may not')
    const { code, out } = await shop.run('jobs', 'forget', 'video', 'newer', '--yes')
    expect([code, out]).toEqual([0, 'video newer is forgotten: its next start runs it.\n'])
    expect(await idempotency.getExecutionStatus('video', 'newer')).toBeNull()
  })

  it('cancel of a job whose owner is silent says that it is for the next start', async () => {
    const dies = createHoldfast({ storage: ioredisStorage(shop.admin), prefix: 'shop' })
    await dies.idempotency.begin('export', 'silent', { leaseMs: 1_000 })
    await dies.close()
    const stalled = async () => (await idempotency.getExecutionStatus('export', 'silent'))?.stalled === true
    await until('its lease is over', stalled)
    const { code, out } = await shop.run('jobs', 'cancel', 'export', 'silent', '--yes')
    expect([code, out]).toEqual([
      0,
      'export silent was asked to stop. Its owner is silent: the signal of its next start is aborted as it begins. To have it run afresh instead: holdfast jobs forget.\n',
    ])
    const next = idempotency.run('export', 'silent', ({ signal }) => signal.throwIfAborted())
    await expect(next).rejects.toMatchObject({ code: 'EXECUTION_CANCELLED' })
    await idempotency.forget('export', 'silent')
  })

  it('watch follows a job, which cancel ends', async () => {
    const watching = shop.run('jobs', 'watch', 'video', 'busy', '--json')
    const cancelled = await shop.run('jobs', 'cancel', 'video', 'busy', '--yes', '--reason', 'not needed')
    expect(cancelled.code).toBe(0)
    // The owner hears of it with its next write.
    await ownerWrites()
    const { code, out } = await watching
    expect(code).toBe(1)
    const states = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { execution: { state: string } })
    expect(states.at(-1)).toMatchObject({
      schema: 1,
      command: 'jobs watch',
      execution: { state: 'failed', cancelRequested: 'not needed' },
    })
    expect(signals[0]?.aborted).toBe(true)
  })
})
