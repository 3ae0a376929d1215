import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createHangfireMonitor } from '../../src/index.ts'
import { connect } from '../locks/node-peer.ts'
import { GOOD, openClients } from './over-clients.ts'

const { admin, connected } = await openClients()

/** An empty prefix, and a monitor of it. */
function open(client: (typeof connected)[number]['client']) {
  const prefix = `{${randomUUID()}}:`
  return { key: (name: string) => `${prefix}${name}`, monitor: createHangfireMonitor(client, { prefix }) }
}

describe.each(connected)('H10: over $name, what is not understood hides nothing', ({ client }) => {
  it('of a job', async () => {
    const { key, monitor } = open(client)
    expect(await monitor.job('j')).toBeUndefined()
    await admin.hset(key('job:j'), {
      ...GOOD,
      State: 'Enqueued',
      CreatedAt: 'yesterday',
      RetryCount: 'many',
      Continuations: '{',
      RecurringJobId: 'bare',
      BatchId: '"7"',
    })
    await admin.hset(key('job:j:state'), { State: 'Enqueued', Queue: 'critical', EnqueuedAt: '?' })
    const entry = '{"State":"Batch","Reason":null,"CreatedAt":"1795906388247"}'
    const nested = '{"State":"A","CreatedAt":"1795906388247","x":{}}'
    await admin.rpush(key('job:j:history'), 'no JSON', entry, nested)
    const job = await monitor.job('j')
    expect(job).toMatchObject({
      state: 'Enqueued',
      queue: 'critical',
      call: { type: 'A.B, A', method: 'Run' },
      stored: { name: 'Enqueued', data: { EnqueuedAt: '?' } },
      history: [{ name: 'Batch' }],
      continuations: [],
      parameters: { BatchId: '"7"', RetryCount: 'many', Continuations: '{', RecurringJobId: 'bare' },
    })
    expect(job).not.toHaveProperty('createdAt')
    expect(job?.unreadable.map(({ stored }) => stored)).toEqual([
      'yesterday',
      'many',
      '{',
      'bare',
      '?',
      nested,
      'no JSON',
    ])
  })

  it('of arguments', async () => {
    const { key, monitor } = open(client)
    const values = ['"a"', '9007199254740993', '{"$type":"X, Y","n":1}', 'bare', null]
    await admin.hset(key('job:j'), { ...GOOD, Arguments: JSON.stringify(values) })
    expect(await monitor.job('j')).toMatchObject({
      arguments: ['a', 9_007_199_254_740_993n, { n: 1 }, 'bare', null],
      unreadable: [],
    })
    await admin.hset(key('job:j'), { Arguments: '[{}]' })
    expect(await monitor.job('j')).toMatchObject({
      createdAt: 1_795_906_388_247,
      unreadable: [{ stored: '[{}]' }],
    })
  })

  it('of a list: a missing job, one without a state, a date that is none, another type', async () => {
    const { key, monitor } = open(client)
    await admin.rpush(key('succeeded'), 'gone', 'stateless', 'odd', 'typed')
    await admin.hset(key('job:stateless'), GOOD)
    await admin.hset(key('job:odd'), { ...GOOD, State: 'Succeeded' })
    await admin.hset(key('job:odd:state'), {
      State: 'Succeeded',
      SucceededAt: '7e7',
      PerformanceDuration: '1.5',
    })
    await admin.set(key('job:typed'), 'a string')
    const { jobs } = await monitor.succeeded()
    expect(jobs).toEqual([
      { id: 'gone', exists: false, isInState: false, unreadable: [] },
      { id: 'stateless', exists: true, isInState: false, call: expect.anything(), unreadable: [] },
      {
        id: 'odd',
        exists: true,
        state: 'Succeeded',
        isInState: true,
        call: expect.anything(),
        unreadable: [expect.objectContaining({ stored: '7e7' }), expect.objectContaining({ stored: '1.5' })],
      },
      {
        id: 'typed',
        exists: false,
        isInState: false,
        unreadable: [expect.objectContaining({ key: key('job:typed') })],
      },
    ])
    await admin.set(key('failed'), 'a string')
    expect(await monitor.failed()).toEqual({
      jobs: [],
      unreadable: [expect.objectContaining({ key: key('failed') })],
    })
  })

  it('of servers, recurring jobs and counters', async () => {
    const { key, monitor } = open(client)
    await admin.sadd(key('servers'), 'no hash', 'half:1:x')
    await admin.hset(key('server:half:1:x'), { Heartbeat: '1795906388247' })
    await admin.zadd(key('recurring-jobs'), -1, 'newer', 5, 'odd', 6, 'gone')
    await admin.hset(key('recurring-job:newer'), { V: '3', Cron: '* * * * *' })
    await admin.hset(key('recurring-job:odd'), { Job: '{', NextExecution: 'soon' })
    await admin.mset(key('stats:succeeded'), 'x', key('stats:deleted'), '3')
    expect((await monitor.servers()).servers).toEqual([
      {
        id: 'half:1:x',
        queues: [],
        unreadable: [expect.objectContaining({ stored: expect.stringContaining('Heartbeat') })],
      },
      { id: 'no hash', queues: [], unreadable: [expect.anything()] },
    ])
    expect((await monitor.recurring()).recurring).toMatchObject([
      {
        id: 'newer',
        exists: true,
        isDisabled: true,
        unreadable: [{ stored: expect.stringContaining('"V":"3"') }],
      },
      { id: 'odd', exists: true, isDisabled: false, unreadable: [{ stored: '{' }] },
      { id: 'gone', exists: false },
    ])
    const statistics = await monitor.statistics()
    expect(statistics).toMatchObject({ servers: 2, recurring: 3, deleted: 3, unreadable: [{ stored: 'x' }] })
    expect(statistics).not.toHaveProperty('succeeded')
  })

  it('of awaiting jobs: chains, loops, stale members, one parent that is unreadable', async () => {
    const { key, monitor } = open(client)
    await admin.zadd(key('failed'), 1, 'bad', 2, 'parent')
    await admin.hset(key('job:bad'), { ...GOOD, State: 'Failed', Continuations: 'no JSON' })
    await admin.hset(key('job:parent'), {
      ...GOOD,
      Continuations: '[{"JobId":"child","Options":1},{"JobId":"ran"}]',
    })
    await admin.hset(key('job:child'), {
      ...GOOD,
      State: 'Awaiting',
      Continuations: '[{"JobId":"grandchild"}]',
    })
    await admin.hset(key('job:grandchild'), {
      ...GOOD,
      State: 'Awaiting',
      Continuations: '[{"JobId":"child"}]',
    })
    await admin.hset(key('job:ran'), { ...GOOD, State: 'Succeeded' })
    await admin.zadd(key('awaiting'), 1, 'stale')
    const { jobs, unreadable } = await monitor.awaiting()
    expect(jobs).toMatchObject([
      { id: 'child', parentId: 'parent', on: 'succeeded', isInState: true },
      { id: 'grandchild', parentId: 'child', on: 'any', isInState: true },
      { id: 'stale', exists: false, isInState: false },
    ])
    expect(unreadable).toMatchObject([{ key: key('job:bad'), stored: 'no JSON' }])
    expect((await monitor.awaiting({ from: 1, count: 1 })).jobs).toMatchObject([{ id: 'grandchild' }])
  })

  it('pages', async () => {
    const { key, monitor } = open(client)
    await admin.rpush(key('deleted'), ...Array.from({ length: 60 }, (_, i) => `${i}`))
    await admin.zadd(key('schedule'), 3, 'q:c', 1, 'a', 2, 'b')
    await admin.zadd(key('failed'), 1, 'first', 2, 'second', 2, 'third')
    const ids = async (page: object) => (await monitor.deleted(page)).jobs.map(({ id }) => id)
    expect(await ids({})).toHaveLength(50)
    expect(await ids({ from: 58, count: 10 })).toEqual(['58', '59'])
    // As .NET's page has them: the last ones first.
    expect((await monitor.failed({ count: 2 })).jobs.map(({ id }) => id)).toEqual(['third', 'second'])
    expect((await monitor.scheduled({ from: 1 })).jobs).toMatchObject([
      { id: 'b', enqueueAt: 2_000 },
      { id: 'c', queue: 'q', enqueueAt: 3_000 },
    ])
    for (const page of [{ from: -1 }, { from: 0.5 }, { count: 0 }, { count: 1_001 }, { count: NaN }])
      await expect(monitor.failed(page)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(monitor.job('')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})

it('a page takes a few round trips, however many jobs it has', async () => {
  const { client } = connected[0] ?? expect.unreachable()
  const prefix = `{${randomUUID()}}:`
  let [underWay, trips] = [0, 0]
  const monitor = createHangfireMonitor(
    {
      ...client,
      async send(...command) {
        trips += underWay === 0 ? 1 : 0
        underWay += 1
        try {
          return await client.send(...command)
        } finally {
          underWay -= 1
        }
      },
    },
    { prefix },
  )
  const ids = Array.from({ length: 100 }, (_, i) => `${i}`)
  await admin.rpush(`${prefix}deleted`, ...ids)
  for (const id of ids) await admin.hset(`${prefix}job:${id}`, GOOD)
  await admin.sadd(`${prefix}queues`, ...ids)
  const tripsOf = async (read: () => Promise<unknown>): Promise<number> => {
    trips = 0
    await read()
    return trips
  }
  expect(await tripsOf(() => monitor.deleted({ count: 100 }))).toBe(2)
  expect(await tripsOf(() => monitor.queues())).toBe(2)
  expect(await tripsOf(() => monitor.statistics())).toBe(2)
  expect(await tripsOf(() => monitor.job('7'))).toBe(1)
  expect(await tripsOf(() => monitor.outcomes('hour'))).toBe(1)
})

it('says that Redis cannot be reached', async () => {
  const { client, end } = await connect('ioredis', process.env['REDIS_URL'] ?? '')
  end()
  const monitor = createHangfireMonitor(client)
  await expect(monitor.statistics()).rejects.toMatchObject({
    code: expect.stringMatching(/^(CLIENT|STORAGE)_/),
  })
})
