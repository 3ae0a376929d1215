import { describe, expect, it } from 'vitest'
import {
  pagesBrokenByHistory,
  pagesBrokenByJob,
  pagesBrokenByRecurringJob,
  pagesBrokenByServer,
  pagesBrokenByState,
} from '../../src/wire/page-rules.ts'
import { JOB, PREFIX, RECURRING, SERVER, STATE, dumps, hashesAt } from '../dumps.ts'

const createdAt = { CreatedAt: '1795906376182' }
const job = { Type: 'A, B', Arguments: '[]', State: 'Enqueued', ...createdAt }

describe('what breaks a page', () => {
  it('is nothing that .NET itself wrote', () => {
    for (const dump of dumps) {
      const broken = [
        ...hashesAt(dump, JOB).flatMap(([, fields]) => pagesBrokenByJob(fields, true)),
        ...hashesAt(dump, STATE).flatMap(([, fields]) => pagesBrokenByState(fields)),
        ...hashesAt(dump, SERVER).flatMap(([, fields]) => pagesBrokenByServer(fields)),
        ...hashesAt(dump, RECURRING).flatMap(([, fields]) => pagesBrokenByRecurringJob(fields)),
        ...[...dump.lists].flatMap(([key, entries]) =>
          key.startsWith(PREFIX) && key.endsWith(':history') ? entries.flatMap(pagesBrokenByHistory) : [],
        ),
      ]
      expect(broken).toEqual([])
    }
  })

  it.each([
    ['no State in a queue', { ...job, State: undefined }, '/jobs/enqueued'],
    ['no Type', { ...job, Type: undefined }, '/jobs/details'],
    ['no Arguments', { ...job, Arguments: undefined }, '/jobs/details'],
    ['a CreatedAt that is no date', { ...job, CreatedAt: 'soon' }, '/jobs/details'],
    ['Continuations that are no JSON', { ...job, Continuations: '[' }, '/jobs/details'],
    ['a Fetched that is no date', { ...job, Fetched: 'now' }, '/jobs/enqueued/fetched'],
  ])('is a job with %s', (_what, fields, page) => {
    const stored = JSON.parse(JSON.stringify(fields)) as Record<string, string>
    expect(pagesBrokenByJob(stored, true)).toEqual([{ page, because: expect.any(String) as string }])
  })

  it('is no job outside of queues for lack of a State', () => {
    expect(pagesBrokenByJob({ Type: 'A, B', Arguments: '[]', ...createdAt }, false)).toEqual([])
  })

  it.each([
    ['that is no JSON', 'Enqueued'],
    ['without a State', { ...createdAt }],
    ['without a CreatedAt', { State: 'Enqueued', Queue: 'default' }],
    ['with a nested value', { State: 'Other', ...createdAt, Data: {} }],
    ['Enqueued without Queue', { State: 'Enqueued', ...createdAt }],
    ['Scheduled without EnqueueAt', { State: 'Scheduled', ...createdAt }],
    ['Scheduled with an EnqueueAt that is none', { State: 'Scheduled', ...createdAt, EnqueueAt: 'soon' }],
    ['Processing without ServerId', { State: 'Processing', ...createdAt, WorkerId: '295819cb-1' }],
    ['Processing with null for ServerId', { State: 'Processing', ...createdAt, ServerId: null }],
    [
      'Processing with a short WorkerId',
      { State: 'Processing', ...createdAt, ServerId: 'node', WorkerId: '1' },
    ],
    [
      'Processing with null for WorkerId',
      { State: 'Processing', ...createdAt, ServerId: 'node', WorkerId: null },
    ],
    ['Failed without ExceptionType', { State: 'Failed', ...createdAt, ExceptionMessage: '' }],
    ['Failed without ExceptionMessage', { State: 'Failed', ...createdAt, ExceptionType: 'E' }],
    ['Succeeded with a fraction', { State: 'Succeeded', ...createdAt, PerformanceDuration: '1.5' }],
    ['Succeeded with null for Latency', { State: 'Succeeded', ...createdAt, Latency: null }],
    ['Deleted with an Exception that is no JSON', { State: 'Deleted', ...createdAt, Exception: 'boom' }],
    ['Awaiting with a NextState that is no JSON', { State: 'Awaiting', ...createdAt, NextState: 'Enqueued' }],
  ])('is a history entry %s', (_what, entry) => {
    const text = typeof entry === 'string' ? entry : JSON.stringify(entry)
    expect(pagesBrokenByHistory(text)).toEqual([
      { page: '/jobs/details', because: expect.any(String) as string },
    ])
  })

  it('is no history entry with numbers, and none of an unknown state', () => {
    expect(
      pagesBrokenByHistory('{"State":"Succeeded","PerformanceDuration":5,"CreatedAt":1795906376182}'),
    ).toEqual([])
    expect(pagesBrokenByHistory('{"State":"constructor","CreatedAt":"1795906376182"}')).toEqual([])
    expect(pagesBrokenByHistory('{"State":"Approved","CreatedAt":"1795906376182"}')).toEqual([])
  })

  it('is a state with a fraction, a server without StartedAt and an unreadable recurring job', () => {
    expect(pagesBrokenByState({ State: 'Succeeded', PerformanceDuration: '1.5' })).toHaveLength(1)
    expect(pagesBrokenByServer({ Heartbeat: '1795906376182' }).map(({ page }) => page)).toEqual([
      'watchdog',
      '/servers',
    ])
    expect(pagesBrokenByServer({}).map(({ page }) => page)).toEqual(['watchdog'])
    expect(pagesBrokenByRecurringJob({ Job: 'x', NextExecution: 'soon' })).toHaveLength(2)
    expect(pagesBrokenByRecurringJob({ Job: '{}', NextExecution: '' })).toEqual([])
  })
})
