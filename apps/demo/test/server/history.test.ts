import { describe, it } from 'vitest'
import type { PageEvent, PageNews } from '../../src/events/page-event.ts'
import { createHistory } from '../../src/server/history.ts'

const MINUTE_MS = 60_000
const WORK = { jobType: 'ai-review', jobKey: 'review-1' } as const

function historyOf(news: readonly (PageNews & { readonly at?: number })[]) {
  const history = createHistory()
  for (const [index, each] of news.entries()) {
    const event: PageEvent = { at: 0, source: 'instance-1', ...each, seq: index + 1 }
    history.add(event, JSON.stringify(event))
  }
  return (now = 0) => history.read(now).map((json) => JSON.parse(json) as PageEvent)
}

const seen = (executionId: string, percent: number) =>
  ({ type: 'attempt.seen', executionId, percent, message: null, leaseEndsAt: 0, stalled: false }) as const
const ended = (executionId: string) =>
  ({
    type: 'attempt.ended',
    executionId,
    outcome: 'completed',
    reason: null,
    message: null,
    ranMs: 1,
  }) as const
const sample = (at: number, loaded: number) =>
  ({
    type: 'cache.sample',
    at,
    instance: 'instance-1',
    namespace: 'reviews',
    fromMemory: 1,
    fromRedis: 2,
    shared: 0,
    loaded,
    refusedFills: 0,
    bypassed: 0,
  }) as const
const line = (message: string) =>
  ({
    type: 'log',
    instance: 'instance-1',
    level: 'info',
    message,
    executionId: null,
    jobType: null,
    jobKey: null,
  }) as const
const row = (executionId: string, detail: string) =>
  ({ ...WORK, type: 'row', event: 'stage', executionId, attempt: 1, instance: 'instance-1', detail }) as const

describe.concurrent('the history that a snapshot has', () => {
  it('keeps the last of what replaces each other, in the order of the stream', ({ expect }) => {
    const read = historyOf([
      seen('one', 10),
      seen('two', 10),
      { type: 'verdict', ended: 1, parts: 0, twice: 0, refusedWrites: 0, controlTooMany: 0 },
      seen('one', 20),
      { type: 'verdict', ended: 2, parts: 0, twice: 0, refusedWrites: 0, controlTooMany: 0 },
      row('one', '10 Validate'),
      row('one', '20 Check'),
      ended('one'),
    ])
    expect(read().map(({ seq }) => seq)).toEqual([2, 4, 5, 7, 8])
  })

  it('forgets work of more than ten minutes ago, and not what is true until it changes', ({ expect }) => {
    const read = historyOf([
      { ...WORK, type: 'call.asked', callId: 'a', policy: 'reject', parentExecutionId: null },
      { type: 'verdict', ended: 1, parts: 0, twice: 0, refusedWrites: 0, controlTooMany: 0 },
      { type: 'instance.killed', instance: 'instance-1', at: 5 * MINUTE_MS },
    ])
    expect(read(9 * MINUTE_MS).map(({ seq }) => seq)).toEqual([1, 2, 3])
    expect(read(11 * MINUTE_MS).map(({ seq }) => seq)).toEqual([2, 3])
  })

  it('adds up the samples of two seconds, and keeps those of five minutes', ({ expect }) => {
    const read = historyOf([sample(0, 1), sample(1_500, 2), sample(2_500, 4)])
    expect(read()).toMatchObject([
      { seq: 2, loaded: 3, fromMemory: 2, fromRedis: 4 },
      { seq: 3, loaded: 4 },
    ])
    expect(read(5 * MINUTE_MS + 2_000).map(({ seq }) => seq)).toEqual([3])
  })

  it('weighs less than 300 kB however much happens, and forgets an attempt whole or not at all', ({
    expect,
  }) => {
    const news = Array.from({ length: 5_000 }, (_, index) => [
      seen(`execution-${index}`, 10),
      row(`execution-${index}`, 'x'.repeat(100)),
      { ...line(`line ${index} ${'y'.repeat(100)}`) },
      { ...sample(index * 2_000, 1), namespace: `namespace-${index}` },
      ended(`execution-${index}`),
    ]).flat()
    const kept = historyOf(news)(0)
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThan(290_000)
    expect(kept.at(-1)?.seq).toBe(news.length)
    const executions = Map.groupBy(
      kept.filter((event) => 'executionId' in event && event.type !== 'log'),
      (event) => ('executionId' in event ? event.executionId : null),
    )
    expect(executions.size).toBeGreaterThan(100)
    for (const events of executions.values()) expect(events.map(({ type }) => type)).toHaveLength(3)
    expect(kept.filter(({ type }) => type === 'log').length).toBeGreaterThan(100)
  })
})
