import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect as check, it, vi } from 'vitest'
import type { HangfireServerEvent } from '../../src/index.ts'
import { handle } from '../../src/server/handle.ts'
import { delayMsOf, hangfireDelayMs, retryReason } from '../../src/server/retries.ts'
import { clients } from '../locks/node-peer.ts'
import { DotnetPeer } from '../peer/dotnet-peer.ts'
import { echo, openStage, url } from './open-server.ts'

describe('automaticRetry waits as Hangfire does', () => {
  // Of hangfire.md: seconds before each attempt, the least and the most.
  it.for([
    [1, 15, 44],
    [2, 16, 74],
    [3, 31, 118],
    [4, 96, 212],
    [5, 271, 416],
    [6, 640, 814],
    [7, 1_311, 1_514],
    [8, 2_416, 2_648],
    [9, 4_111, 4_372],
    [10, 6_576, 6_866],
  ] as const)('before attempt %i from %i to %i s', ([attempt, least, most]) => {
    check(hangfireDelayMs(attempt, 0)).toBe(least * 1_000)
    check(hangfireDelayMs(attempt, 0.9999999)).toBe(most * 1_000)
  })

  it('or as it is given, the last one for all that follow', () => {
    check([1, 2, 3, 9].map((attempt) => delayMsOf(attempt, [5, 70]))).toEqual([5, 70, 70, 70])
  })

  it('with a reason of which 50 characters are shown', () => {
    check(retryReason(1, 2, 'Review provider returned 503 for pull request 42 of acme/web')).toBe(
      'Retry attempt 1 of 2: Review provider returned 503 for pull request 42 …',
    )
    check(retryReason(2, 2, 'x'.repeat(50))).toBe(`Retry attempt 2 of 2: ${'x'.repeat(50)}`)
  })
})

describe.concurrent.for(clients)('a body that throws, over %s', (client) => {
  it('runs again as often as it may, and is deleted then, with the history of .NET', async ({ expect }) => {
    await using stage = await openStage(client)
    const counts: number[] = []
    await stage.serve([
      handle(
        echo,
        { automaticRetry: { attempts: 2, delaysMs: [20], onAttemptsExceeded: 'delete' } },
        (_, { retryCount }) => {
          counts.push(retryCount)
          throw new RangeError('boom', { cause: new Error('because') })
        },
      ),
    ])
    const id = await stage.enqueue('fails')
    await expect.poll(async () => (await stage.job(id)).state).toBe('Deleted')
    // As `retries.180-simple.after.json` has it.
    const { history, retryCount, details } = await stage.job(id)
    expect(history.map(({ name, reason }) => [name, reason]).toReversed()).toEqual([
      ['Enqueued', null],
      ['Processing', null],
      ['Failed', 'An exception occurred during performance of the job.'],
      ['Scheduled', 'Retry attempt 1 of 2: boom'],
      ['Enqueued', 'Triggered by DelayedJobScheduler'],
      ['Processing', null],
      ['Failed', 'An exception occurred during performance of the job.'],
      ['Scheduled', 'Retry attempt 2 of 2: boom'],
      ['Enqueued', 'Triggered by DelayedJobScheduler'],
      ['Processing', null],
      ['Failed', 'An exception occurred during performance of the job.'],
      ['Deleted', 'Exceeded the maximum number of retry attempts.'],
    ])
    expect(counts).toEqual([0, 1, 2])
    expect(retryCount).toBe(2)
    expect(details).toMatchObject({
      exception: { type: 'RangeError', message: 'boom', inner: { type: 'Error', message: 'because' } },
    })
    const failed = history.find(({ name }) => name === 'Failed')
    expect(failed?.data).toMatchObject({ ExceptionType: 'RangeError', ExceptionMessage: 'boom' })
    expect(failed?.data.ExceptionDetails).toMatch(/^RangeError: boom\n[^]*---> Error: because/)
    expect(await stage.redis.zcard(stage.key('retries'))).toBe(0)
    expect(await stage.redis.get(stage.key('stats:deleted'))).toBe('1')
  })

  it('fails for good, and its count survives a requeue: the next failure is final', async ({ expect }) => {
    await using stage = await openStage(client)
    using peer = new DotnetPeer(url, '1.12.0', { prefix: stage.prefix })
    let runs = 0
    await stage.serve([
      handle(echo, { automaticRetry: { attempts: 1, delaysMs: [0] } }, () => {
        runs += 1
        throw new Error(`run ${runs}`)
      }),
    ])
    const id = await stage.enqueue('fails')
    await expect.poll(async () => (await stage.job(id)).state).toBe('Failed')
    expect(runs).toBe(2)
    await peer.jobs.requeue(id, { queue: 'node' })
    await expect.poll(async () => (await stage.job(id)).details).toMatchObject({ exceptionMessage: 'run 3' })
    expect((await stage.states(id)).slice(-3)).toEqual(['Enqueued', 'Processing', 'Failed'])
    expect(await stage.redis.zscore(stage.key('failed'), id)).not.toBeNull()
  })

  it('does not run again when it may not, or when the error is not worth it', async ({ expect }) => {
    await using stage = await openStage(client)
    await stage.serve([
      handle(
        echo,
        { automaticRetry: { onAttemptsExceeded: 'delete', retryOn: (error) => error !== 'never' } },
        ([text]) => {
          // eslint-disable-next-line no-throw-literal -- bodies do
          throw text
        },
      ),
    ])
    const id = await stage.enqueue('never')
    await expect.poll(async () => (await stage.job(id)).state).toBe('Failed')
    const { details, retryCount } = await stage.job(id)
    expect(details).toMatchObject({ exceptionType: 'NonError', exceptionMessage: 'never' })
    expect(retryCount).toBeUndefined()
    await using other = await openStage(client)
    await other.serve([
      handle(echo, { automaticRetry: { attempts: 0, onAttemptsExceeded: 'delete' } }, () => {
        throw new Error('once')
      }),
    ])
    const deleted = await other.enqueue('once')
    await expect.poll(async () => (await other.job(deleted)).state).toBe('Deleted')
    expect((await other.job(deleted)).details?.reason).toBe('Retries were disabled for this job.')
  })

  it('fails with its own error, and that of a retryOn that throws', async ({ expect, onTestFinished }) => {
    await using stage = await openStage(client)
    const boom = new RangeError('boom')
    const ran = vi.fn<(event: HangfireServerEvent) => void>()
    const listener = (event: unknown): void => ran(event as HangfireServerEvent)
    subscribe('holdfast:hangfire', listener)
    onTestFinished(() => void unsubscribe('holdfast:hangfire', listener))
    const retryOn = (): boolean => {
      throw new TypeError('retryOn cannot say')
    }
    const handler = handle(echo, { automaticRetry: { retryOn } }, () => {
      throw boom
    })
    const { id: server } = await stage.serve([handler])
    const id = await stage.enqueue('fails')
    await expect.poll(async () => (await stage.job(id)).state).toBe('Failed')
    const { details, retryCount } = await stage.job(id)
    expect(details).toMatchObject({
      exceptionType: 'RangeError',
      exceptionMessage: 'boom; and retryOn threw: retryOn cannot say',
      exceptionDetails: expect.stringMatching(
        /^RangeError: boom\n[^]*\nretryOn threw: TypeError: retryOn cannot say/,
      ),
    })
    expect(retryCount).toBeUndefined()
    // The server publishes it when it has its answer, which is after others can see the state.
    await expect
      .poll(() =>
        ran.mock.calls
          .map(([event]) => event)
          .find((event) => event.server === server && event.type === 'ran'),
      )
      .toMatchObject({ id, error: { errors: [boom, { message: 'retryOn cannot say' }] } })
  })

  it('fails once where its arguments or its result cannot be read, and its text stays as it was', async ({
    expect,
  }) => {
    await using stage = await openStage(client)
    const circle: { self?: unknown } = {}
    circle.self = circle
    let runs = 0
    await stage.serve([
      handle(echo, {}, () => {
        runs += 1
        return circle
      }),
    ])
    const unreadable = await stage.enqueue('x', { queue: 'elsewhere' })
    await stage.redis
      .multi()
      .hset(stage.key(`job:${unreadable}`), 'Arguments', '[1]')
      .hset(
        stage.key(`job:${unreadable}`),
        'ParameterTypes',
        '["System.String","System.Threading.CancellationToken, mscorlib"]',
      )
      .lpush(stage.key('queue:node'), unreadable)
      .exec()
    await expect.poll(async () => (await stage.job(unreadable)).state).toBe('Failed')
    expect((await stage.job(unreadable)).details).toMatchObject({
      exceptionType: 'Hangfire.Common.JobLoadException',
    })
    expect(await stage.redis.hget(stage.key(`job:${unreadable}`), 'Arguments')).toBe('[1]')
    expect(runs).toBe(0)
    const endless = await stage.enqueue('circle')
    await expect.poll(async () => (await stage.job(endless)).state).toBe('Failed')
    expect(await stage.states(endless)).toEqual(['Enqueued', 'Processing', 'Failed'])
    expect(runs).toBe(1)
  })
})
