import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import type { HangfireContext } from '../../src/storage/context.ts'
import { changeState } from '../../src/transitions/change-state.ts'
import { createJob } from '../../src/transitions/create-job.ts'
import { encodeContinuations } from '../../src/wire/continuations.ts'
import type { JobState } from '../../src/wire/states.ts'
import { clients } from '../locks/node-peer.ts'
import { openContext } from './open-context.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const invocation = {
  type: 'Acme.Mail, Acme',
  method: 'Send',
  parameterTypes: ['System.String'],
  arguments: ['"ann"'],
}
const mine = { serverId: 'node:1:2', workerId: randomUUID() }

const enqueued =
  (queue = 'default') =>
  (enqueuedAt: number): readonly JobState[] => [{ name: 'Enqueued', enqueuedAt, queue }]
const processing = (startedAt: number): readonly JobState[] => [{ name: 'Processing', startedAt, ...mine }]
const succeeded = (succeededAt: number): readonly JobState[] => [
  { name: 'Succeeded', succeededAt, performanceMs: 5, latencyMs: 7, result: '5' },
]
const failed = (failedAt: number): JobState => ({
  name: 'Failed',
  failedAt,
  exceptionType: 'Error',
  exceptionMessage: 'boom',
  exceptionDetails: 'Error: boom',
})

const scheduled = (scheduledAt: number, reason?: string): JobState => ({
  name: 'Scheduled',
  scheduledAt,
  enqueueAt: scheduledAt + 60_000,
  ...(reason === undefined ? {} : { reason }),
})
const deleted = (deletedAt: number): readonly JobState[] => [{ name: 'Deleted', deletedAt }]

async function create(
  context: HangfireContext,
  steps: (now: number) => readonly JobState[],
  id: string = randomUUID(),
): Promise<string> {
  expect(await createJob(context, { id, invocation, steps })).toMatchObject({ outcome: 'done' })
  return id
}

const fresh = (): string => `{${randomUUID()}}:`

describe.concurrent.for(clients)('over %s', (client) => {
  it('each state is entered and left with all that belongs to it', async () => {
    const prefix = fresh()
    await using open = await openContext(client, url, { prefix })
    const { context } = open
    const { keys } = context
    const id = await create(context, enqueued('node'))
    const lists = async (): Promise<Record<string, unknown>> => {
      const read = {
        queue: admin.lrange(keys.queue('node'), 0, -1),
        schedule: admin.zrange(keys.schedule, '0', '-1'),
        retries: admin.zrange(keys.retries, '0', '-1'),
        processing: admin.zrange(keys.processing, '0', '-1'),
        failed: admin.zrange(keys.failed, '0', '-1'),
        succeeded: admin.lrange(keys.succeeded, 0, -1),
        deleted: admin.lrange(keys.deleted, 0, -1),
      }
      const filled = await Promise.all(
        Object.entries(read).map(async ([name, ids]) => [name, await ids] as const),
      )
      return Object.fromEntries(filled.filter(([, ids]) => ids.length > 0))
    }
    const counters = (): Promise<readonly (string | null)[]> =>
      admin.mget(keys.stats('succeeded'), keys.stats('deleted'))
    const to = async (steps: (now: number) => readonly JobState[]): Promise<void> => {
      expect(await changeState(context, { id, steps })).toEqual({ outcome: 'changed' })
    }
    expect(await lists()).toEqual({ queue: [id] })
    expect(await admin.smembers(keys.queues)).toEqual(['node'])
    await admin.del(keys.queue('node'))

    await to(processing)
    expect(await lists()).toEqual({ processing: [id] })
    await to((now) => [failed(now), scheduled(now, 'Retry attempt 1 of 10: boom')])
    expect(await lists()).toEqual({ schedule: [id], retries: [id] })
    await to((now) => [failed(now)])
    expect(await lists()).toEqual({ failed: [id] })
    await to(succeeded)
    expect(await lists()).toEqual({ succeeded: [id] })
    expect(await counters()).toEqual(['1', null])
    for (const key of [keys.job(id), keys.jobState(id), keys.jobHistory(id)])
      expect(await admin.ttl(key)).toBeGreaterThan(86_000)
    await to(deleted)
    expect(await lists()).toEqual({ deleted: [id] })
    expect(await counters()).toEqual(['0', '1'])
    await to(enqueued('node'))
    expect(await lists()).toEqual({ queue: [id] })
    expect(await counters()).toEqual(['0', '0'])
    for (const key of [keys.job(id), keys.jobState(id), keys.jobHistory(id)])
      expect(await admin.ttl(key)).toBe(-1)
    const history = (await admin.lrange(keys.jobHistory(id), 0, -1)).map(
      (entry) => (JSON.parse(entry) as { State: string }).State,
    )
    expect(history.join(' ')).toBe('Enqueued Processing Failed Scheduled Failed Succeeded Deleted Enqueued')
  })

  it('a change only counts from its states, by its owner, and for a job that is there', async () => {
    await using open = await openContext(client, url, { prefix: fresh() })
    const { context } = open
    const id = await create(context, enqueued())
    const from = ['Processing']
    expect(await changeState(context, { id, from, owner: mine, steps: succeeded })).toEqual({
      outcome: 'stateIs',
      state: 'Enqueued',
    })
    await changeState(context, { id, steps: processing })
    const owner = { ...mine, workerId: randomUUID() }
    expect(await changeState(context, { id, from, owner, steps: succeeded })).toEqual({ outcome: 'lost' })
    expect(await changeState(context, { id: 'none', steps: deleted })).toEqual({ outcome: 'missing' })
    expect(await admin.hget(context.keys.job(id), 'State')).toBe('Processing')
    expect(await changeState(context, { id, from, owner: mine, steps: succeeded })).toEqual({
      outcome: 'changed',
    })
  })

  it('H4: an ending is one script with its acknowledgement and its children', async () => {
    await using open = await openContext(client, url, { prefix: fresh() })
    const { context } = open
    const { keys } = context
    const parent = await create(context, processing)
    await admin.rpush(keys.dequeued('node'), 'other', parent)
    await admin.hset(keys.job(parent), 'Fetched', '1', 'Checked', '2')
    const awaiting = (on: 'any' | 'succeeded' | 'deleted') => () => [
      { name: 'Awaiting', parentId: parent, on, nextState: { queue: 'critical' } } as const,
    ]
    const children = await Promise.all(
      (['any', 'deleted', 'succeeded'] as const).map(async (on) => ({
        on,
        jobId: await create(context, awaiting(on)),
      })),
    )
    const [first, notMet, second] = children.map(({ jobId }) => jobId)
    const grandchild = await create(context, awaiting('any'))
    // As .NET below level 180 has it.
    for (const id of [first, notMet, second, grandchild, 'of another'])
      await admin.zadd(keys.awaiting, 1, id ?? '')
    await admin.hset(keys.job(parent), 'Continuations', encodeContinuations(children))
    await admin.hset(
      keys.job(notMet ?? ''),
      'Continuations',
      encodeContinuations([{ jobId: grandchild, on: 'deleted' }]),
    )
    const outcome = await changeState(context, {
      id: parent,
      from: ['Processing'],
      owner: mine,
      steps: succeeded,
      acknowledge: 'node',
    })
    expect(outcome).toEqual({ outcome: 'changed' })
    expect(await admin.lrange(keys.queue('critical'), 0, -1)).toEqual([second, grandchild, first])
    expect(await admin.lrange(keys.deleted, 0, -1)).toEqual([notMet])
    expect(await admin.hget(keys.jobState(notMet ?? ''), 'Reason')).toBe('Continuation condition was not met')
    expect(await admin.lrange(keys.dequeued('node'), 0, -1)).toEqual(['other'])
    expect(await admin.hmget(keys.job(parent), 'Fetched', 'Checked')).toEqual([null, null])
    expect(await admin.zrange(keys.awaiting, '0', '-1')).toEqual(['of another'])
  })
})
