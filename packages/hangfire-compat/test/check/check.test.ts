import { randomUUID } from 'node:crypto'
import { startRedis } from '@holdfast/test-support/redis'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { dumps, JOB as JOBS, RECURRING, hashesAt } from '../dumps.ts'
import { clients, connect } from '../locks/node-peer.ts'
import { loadDump } from '../monitor/load-dump.ts'
import { sentCommands } from '../monitor/sent-commands.ts'
import { JOB, checkPrefix, found, healthyPrefix } from './check-prefix.ts'

const server = await startRedis()
const admin = new Redis(server.url)
await Promise.all(dumps.map((dump) => loadDump(admin, dump, `{${dump.name}}:`)))
await admin.config('RESETSTAT')
const connected = await Promise.all(
  clients.map(async (name) => ({ name, ...(await connect(name, server.url)) })),
)
const [{ client } = expect.unreachable()] = connected
afterAll(async () => {
  for (const { end } of connected) end()
  admin.disconnect()
  await server.stop()
})

describe.each(connected)('over $name', (over) => {
  it.each(dumps)('$name has no fault that .NET made', async (dump) => {
    const report = await checkPrefix(over.client, `{${dump.name}}:`, { scan: 1_000_000 })
    const hasJobs = [JOBS, RECURRING].some((pattern) => hashesAt(dump, pattern).length > 0)
    expect(report.isFound).toBe(hasJobs)
    expect(found(report).filter(([code]) => !OF_STOPPED_APPLICATIONS.includes(code))).toEqual([])
    // One has but a lock, and one a job that no list leads to.
    if (report.lookedAt.ofEntries === 0 && !dump.name.includes('recurring')) return
    expect(report.dialect).toEqual({ dates: dump.level === '110' ? 'iso' : 'ms', typeNames: dump.types })
    expect(report.lookedAt.entries).toBe(report.lookedAt.ofEntries)
    expect(report.lookedAt.keys).toBe(dump.keys.filter((key) => key.startsWith('{hangfire}:')).length)
    expect(report.servers.map(({ runtime }) => runtime)).toEqual(report.servers.map(() => '.NET'))
  })
})

it('sends nothing that writes', async () => {
  const sent = await sentCommands(admin)
  expect(sent.get('scan')).not.toContain('write')
  for (const [command, flags] of sent) expect(flags, command).not.toContain('write')
})

/** What a dump has to show: its servers ended long ago. */
const OF_STOPPED_APPLICATIONS = [
  'ABANDONED_JOB',
  'AWAITING_MEMBERS',
  'DIALECT_UNKNOWN',
  'FINISHED_BUT_FETCHED',
  'IDLE_QUEUE',
  'NOTHING_FOUND',
  'QUEUE_WITHOUT_SERVER',
  'SERVER_SILENT',
]

describe('what is well', () => {
  it('is a prefix in which a server works', async () => {
    const { prefix, server: id } = await healthyPrefix(admin)
    const report = await checkPrefix(client, prefix)
    expect(report).toMatchObject({
      isFound: true,
      elsewhere: [],
      findings: [],
      servers: [{ id, runtime: '.NET', queues: ['default'], isAlive: true }],
      queues: [{ name: 'default', length: 0, fetched: 0, servers: 1 }],
      dialect: { dates: 'ms', typeNames: 'simple' },
    })
  })

  it("is a lock that is held, and what Holdfast keeps beside .NET's keys", async () => {
    const { prefix, key } = await healthyPrefix(admin)
    await admin.set(key('AiReviewJobs.Exclusive'), randomUUID(), 'EX', 30)
    await admin.set(key('job:done:state-lock'), randomUUID(), 'EX', 30)
    await admin.set(key('locks:schedulepoller'), randomUUID(), 'EX', 30)
    await admin.set(key('holdfast:lock:AiReviewJobs.Exclusive'), '1', 'EX', 90)
    await admin.set(key('holdfast:ended:x'), 'a')
    expect(found(await checkPrefix(client, prefix))).toEqual([])
  })

  it('is a job that is processed, and one that waits for its retry', async () => {
    const { prefix, key, server: id, job } = await healthyPrefix(admin)
    await job('now', 'Processing', { Fetched: '1795906376182', Checked: '' }, { ServerId: id })
    await admin.zadd(key('processing'), 1, 'now')
    await admin.lpush(key('queue:default:dequeued'), 'now')
    await job('later', 'Scheduled', { RetryCount: '1' })
    await admin.zadd(key('schedule'), 1, 'default:later')
    expect(found(await checkPrefix(client, prefix))).toEqual([])
  })
})

type Setting = (of: Awaited<ReturnType<typeof healthyPrefix>>) => Promise<unknown>

describe('what is found', () => {
  it.each<readonly [what: string, code: string, subjects: readonly string[], setting: Setting]>([
    [
      'RS#135: an orphan, which storage 1.12.0 leaves when it dies between its acknowledgement and the state',
      'ORPHANED_JOB',
      ['lost'],
      async ({ key, job }) => {
        await job('lost', 'Processing', {}, { ServerId: 'dotnet:9:gone' })
        await admin.zadd(key('processing'), 1, 'lost')
      },
    ],
    [
      'an orphan of a server that is silent, though its hash is there',
      'ORPHANED_JOB',
      ['lost'],
      async ({ key, job }) => {
        await job('lost', 'Processing', {}, { ServerId: 'dotnet:9:gone' })
        await admin.hset(key('server:dotnet:9:gone'), { StartedAt: '1795906376182' })
        await admin.zadd(key('processing'), 1, 'lost')
      },
    ],
    [
      'a job of a server that lives, which no list has',
      'UNLISTED_JOB',
      ['odd'],
      async ({ key, job, server: id }) => {
        await job('odd', 'Processing', {}, { ServerId: id })
        await admin.zadd(key('processing'), 1, 'odd')
      },
    ],
    [
      'a job of a server that is gone, which waits for a watcher',
      'ABANDONED_JOB',
      ['left'],
      async ({ key, job }) => {
        await job('left', 'Processing', {}, { ServerId: 'dotnet:9:gone' })
        await admin.zadd(key('processing'), 1, 'left')
        await admin.lpush(key('queue:default:dequeued'), 'left')
      },
    ],
    [
      'HF#2080: fetched entries of jobs that have ended, and of one that is gone',
      'FINISHED_BUT_FETCHED',
      ['done', 'gone'],
      ({ key }) => admin.lpush(key('queue:default:dequeued'), 'done', 'gone'),
    ],
    [
      'HF#883: a member of servers without StartedAt, with a hash and without',
      'SERVER_WITHOUT_START',
      ['half', 'none'],
      async ({ key }) => {
        await admin.sadd(key('servers'), 'half', 'none')
        await admin.hset(key('server:half'), { Heartbeat: '1795906376182' })
      },
    ],
    [
      'a server that gave no sign of life',
      'SERVER_SILENT',
      ['silent'],
      async ({ key }) => {
        await admin.sadd(key('servers'), 'silent')
        await admin.hset(key('server:silent'), { StartedAt: '1795906376182', Heartbeat: '1795906376182' })
      },
    ],
    [
      'members of awaiting',
      'AWAITING_MEMBERS',
      ['done', 'gone'],
      ({ key }) => admin.zadd(key('awaiting'), 1, 'done', 2, 'gone'),
    ],
    [
      'HF#2091: jobs in a queue without a server',
      'QUEUE_WITHOUT_SERVER',
      ['DEFAULT'],
      async ({ key, job }) => {
        await job('waits', 'Enqueued', {}, { Queue: 'DEFAULT' })
        await admin.sadd(key('queues'), 'DEFAULT')
        await admin.lpush(key('queue:DEFAULT'), 'waits')
      },
    ],
    [
      'an empty queue without a server',
      'IDLE_QUEUE',
      ['other'],
      ({ key }) => admin.sadd(key('queues'), 'other'),
    ],
    [
      'a job of an interface in a queue of .NET',
      'INTERFACE_JOB',
      ['node'],
      async ({ key, job }) => {
        await job('node', 'Enqueued', { Type: 'Acme.INodeReviews, Acme' })
        await admin.lpush(key('queue:default'), 'node')
      },
    ],
    [
      'a job of an interface that .NET has failed',
      'INTERFACE_JOB',
      ['node'],
      async ({ key, job }) => {
        await job('node', 'Failed', { Type: 'Acme.INodeReviews, Acme' })
        const ExceptionMessage = 'Cannot dynamically create an instance of type INodeReviews. Reason: …'
        const entry = { State: 'Failed', CreatedAt: JOB.CreatedAt, ExceptionType: 'E', ExceptionMessage }
        await admin.rpush(key('job:node:history'), JSON.stringify(entry))
        await admin.zadd(key('failed'), 1, 'node')
      },
    ],
    [
      'a recurring job of an interface for a queue of .NET',
      'INTERFACE_JOB',
      ['nightly'],
      async ({ key }) => {
        const Job = JSON.stringify({ t: 'Acme.INodeReviews, Acme', m: 'Run', q: 'default' })
        await admin.hset(key('recurring-job:nightly'), { Job, Cron: '0 0 * * *', V: '2' })
        await admin.zadd(key('recurring-jobs'), 1, 'nightly')
      },
    ],
    [
      'HF#860: a queued job without a State',
      'BROKEN_PAGE',
      ['half'],
      async ({ key }) => {
        await admin.hset(key('job:half'), JOB)
        await admin.lpush(key('queue:default'), 'half')
      },
    ],
    [
      'a history entry and a state that a page cannot show',
      'BROKEN_PAGE',
      ['done'],
      async ({ key }) => {
        await admin.rpush(key('job:done:history'), '{"State":"Processing","CreatedAt":"1795906376182"}')
      },
    ],
    [
      'a recurring job that the page cannot show',
      'BROKEN_PAGE',
      ['odd'],
      async ({ key }) => {
        await admin.hset(key('recurring-job:odd'), { NextExecution: 'soon' })
        await admin.zadd(key('recurring-jobs'), 1, 'odd')
      },
    ],
    [
      'HF#1404: a recurring job that the scheduler could not run',
      'RECURRING_FAILING',
      ['bad'],
      async ({ key }) => {
        await admin.hset(key('recurring-job:bad'), { Cron: 'H * * * *', Error: 'CronFormatException\n at' })
        await admin.zadd(key('recurring-jobs'), -1, 'bad')
      },
    ],
    [
      'H10: a recurring job of a later version',
      'RECURRING_UNSUPPORTED',
      ['new'],
      async ({ key }) => {
        await admin.hset(key('recurring-job:new'), { Cron: '* * * * *', V: '3' })
        await admin.zadd(key('recurring-jobs'), 1, 'new')
      },
    ],
    [
      'HF#998: a job of a batch',
      'HANGFIRE_PRO',
      ['batched'],
      async ({ key, job }) => {
        await job('batched', 'Succeeded', { BatchId: '"b1"' })
        await admin.lpush(key('succeeded'), 'batched')
      },
    ],
    [
      'a key of a batch',
      'HANGFIRE_PRO',
      ['batch:b1'],
      ({ key }) => admin.hset(key('batch:b1'), { CreatedAt: '1' }),
    ],
    [
      'fields of an extension',
      'UNKNOWN_FIELDS',
      ['done'],
      ({ key }) => admin.hset(key('job:done'), { Tenant: '"a"' }),
    ],
    [
      'a state of an extension',
      'UNKNOWN_STATE',
      ['done'],
      ({ key }) => admin.hset(key('job:done'), { State: 'Paused' }),
    ],
    ['keys of other programs', 'UNKNOWN_KEYS', ['tags:a'], ({ key }) => admin.sadd(key('tags:a'), 'x')],
    [
      'a lock that does not end, without and with a name that a user chose',
      'LOCK_WITHOUT_EXPIRY',
      ['Jobs.Run', 'job:done:state-lock', 'recurring-jobs:lock'],
      ({ key }) =>
        admin.mset(
          key('recurring-jobs:lock'),
          'x',
          key('job:done:state-lock'),
          'x',
          key('Jobs.Run'),
          randomUUID(),
        ),
    ],
    ['a key of another type', 'WRONG_TYPE', ['failed'], ({ key }) => admin.set(key('failed'), 'x')],
    [
      'a counter that is no number',
      'BROKEN_PAGE',
      ['stats:succeeded'],
      ({ key }) => admin.set(key('stats:succeeded'), 'many'),
    ],
    [
      'a queued id whose job is gone',
      'MISSING_JOB',
      ['gone'],
      ({ key }) => admin.lpush(key('queue:default'), 'gone'),
    ],
    [
      'two ways to write dates',
      'MIXED_DIALECT',
      ['dates'],
      ({ key }) => admin.hset(key('job:done'), { CreatedAt: '2025-11-23T05:14:06.9520000Z' }),
    ],
    [
      'data that shows no dialect of type names',
      'DIALECT_UNKNOWN',
      ['type names'],
      ({ key }) => admin.del(key('succeeded')),
    ],
  ])('is %s', async (_what, code, subjects, setting) => {
    const of = await healthyPrefix(admin)
    await setting(of)
    const shown = found(await checkPrefix(client, of.prefix)).map(
      ([each, all]) => [each, all.map((subject) => subject.replace(of.prefix, ''))] as const,
    )
    expect(shown).toEqual([[code, subjects]])
  })

  it('is looked at twice: what was on its way is none', async () => {
    const { prefix, key, job } = await healthyPrefix(admin)
    await job('moving', 'Processing', {}, { ServerId: 'dotnet:9:gone' })
    await job('lost', 'Processing', {}, { ServerId: 'dotnet:9:gone' })
    await admin.zadd(key('processing'), 1, 'moving', 2, 'lost')
    let looks = 0
    const moving = {
      ...client,
      async send(...command: Parameters<typeof client.send>) {
        const [[name, first]] = command
        // A watcher requeues it before it is looked at again.
        if (name === 'HGETALL' && first === key('job:moving')) {
          looks += 1
          if (looks === 2) await admin.rpush(key('queue:default'), 'moving')
        }
        return await client.send(...command)
      },
    }
    expect(found(await checkPrefix(moving, prefix))).toEqual([['ORPHANED_JOB', ['lost']]])
    expect(looks).toBe(2)
  })

  it('H7: a job of a Node server is on a queue that no server of .NET listens on', async () => {
    const { prefix, key, job, server: id } = await healthyPrefix(admin)
    await job('node', 'Enqueued', { Type: 'Acme.INodeReviews, Acme' })
    await admin.lpush(key('queue:default'), 'node')
    await admin.hset(key(`server:${id}`), { Holdfast: '1' })
    const report = await checkPrefix(client, prefix)
    expect(report.servers).toMatchObject([{ runtime: 'Node' }])
    expect(found(report)).toEqual([])
  })

  it('is bounded: as many entries of a list as wanted, and of queues those that run next', async () => {
    const { prefix, key } = await healthyPrefix(admin)
    await admin.lpush(key('queue:default'), ...Array.from({ length: 2_500 }, (_, i) => `${i}`))
    const few = await checkPrefix(client, prefix, { jobs: 10, scan: 0 })
    expect(few.lookedAt).toEqual({ entries: 11, ofEntries: 2_501, keys: 0, allKeys: false })
    expect(few.queues).toEqual([{ name: 'default', length: 2_500, fetched: 0, servers: 1 }])
    expect(few.findings).toMatchObject([{ code: 'MISSING_JOB', count: 10 }])
    expect(few.findings[0]?.subjects).toContain('0')
    const all = await checkPrefix(client, prefix, { jobs: 10_000 })
    expect(all.lookedAt).toMatchObject({ entries: 2_501, ofEntries: 2_501 })
    expect(all.findings).toMatchObject([{ code: 'MISSING_JOB', count: 2_500, subjects: { length: 20 } }])
  })
})
