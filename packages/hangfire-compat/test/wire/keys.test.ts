import { describe, expect, it } from 'vitest'
import { checkPrefixOnCluster, hangfireKeys, lockResources } from '../../src/wire/keys.ts'
import { checkQueueName } from '../../src/wire/queue-name.ts'
import { decodeScheduleMember, scoreOf } from '../../src/wire/schedule.ts'
import { serverId } from '../../src/wire/servers.ts'
import { PREFIX, dumps } from '../dumps.ts'

const id = '5dd549b6-0827-4eb2-bedd-956c234557c7'

describe('the keys of a prefix', () => {
  it('are all that .NET wrote', () => {
    const keys = hangfireKeys(PREFIX)
    const ids = /job:([^:]+)/
    const unknown = dumps.flatMap((dump) =>
      dump.keys.filter((key) => {
        const name = key.slice(PREFIX.length)
        const [, jobId = ''] = ids.exec(name) ?? []
        const [, server = ''] = /^server:([^:]+:\d+:[^:]+)/.exec(name) ?? []
        const [, queue = ''] = /^queue:([^:]+)/.exec(name) ?? []
        const [, outcome = '', period] = /^stats:(\w+)(?::(.+))?$/.exec(name) ?? []
        const { queues, schedule, retries, processing, failed, awaiting, succeeded, deleted } = keys
        const known = [queues, schedule, retries, processing, failed, awaiting, succeeded, deleted].concat(
          [keys.recurringJobs, keys.servers, keys.job(jobId), keys.jobState(jobId), keys.jobHistory(jobId)],
          [keys.recurringJob(jobId), keys.server(server), keys.serverQueues(server), keys.queue(queue)],
          [keys.dequeued(queue), keys.stats(outcome as 'deleted', period)],
          ['AiReviewJobs.Exclusive', 'account:a1', 'my lock'].map(keys.lock),
        )
        return !known.includes(key) && !key.startsWith('witness:')
      }),
    )
    expect(unknown).toEqual([])
  })

  it('begin with any prefix as it is', () => {
    expect(hangfireKeys('Tahrir_Hangfire_Prod_2').job(id)).toBe(`Tahrir_Hangfire_Prod_2job:${id}`)
    expect(hangfireKeys('').schedule).toBe('schedule')
    expect(() => hangfireKeys(undefined as unknown as string)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    )
  })

  it('lie in one slot of a cluster, or the prefix is refused', () => {
    for (const prefix of ['{hangfire}:', 'my{app}', '{a}{b}'])
      expect(() => checkPrefixOnCluster(prefix)).not.toThrow()
    for (const prefix of ['hangfire:', 'Tahrir_Hangfire_Prod_2', '{}:', '{hangfire'])
      expect(() => checkPrefixOnCluster(prefix)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
  })

  it('have the locks that .NET takes', () => {
    const { lock } = hangfireKeys(PREFIX)
    expect(lock(lockResources.jobState(id))).toBe(`{hangfire}:job:${id}:state-lock`)
    expect(lock(lockResources.fetchedWatcher('default'))).toBe('{hangfire}:queue:default:dequeued:lock')
    expect(lock(lockResources.recurringJob('cleanup'))).toBe('{hangfire}:lock:recurring-job:cleanup')
    expect([lockResources.recurringScheduler, lockResources.delayedScheduler]).toEqual([
      'recurring-jobs:lock',
      'locks:schedulepoller',
    ])
  })
})

describe('a queue', () => {
  it.each(['default', 'ai-review', 'a_1', '0'])('may be %s', (queue) =>
    expect(checkQueueName('queue', queue)).toBe(queue),
  )

  it.each(['', 'DEFAULT', 'a b', '&*asd!#', 'a:b', 'é', 5 as unknown as string])(
    'may not be written as %s',
    (queue) => {
      expect(() => checkQueueName('queue', queue)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    },
  )
})

describe('a member of schedule', () => {
  it.each([
    [id, { id }],
    [`critical:${id}`, { id, queue: 'critical' }],
    [`DEFAULT:${id}`, { id, queue: 'DEFAULT' }],
    [`odd:queue:${id}`, { id, queue: 'odd:queue' }],
    ['critical:42', { id: '42', queue: 'critical' }],
    ['42', { id: '42' }],
  ])('%s is read', (member, expected) => expect(decodeScheduleMember(member)).toEqual(expected))

  it('has a score that never comes before its time', () => {
    expect([scoreOf(1_795_909_976_202), scoreOf(1_795_909_976_000), scoreOf(1)]).toEqual([
      1_795_909_977, 1_795_909_976, 1,
    ])
    expect(() => scoreOf(NaN)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})

it('a server is named as .NET names them', () => {
  expect(serverId('BuildBox', 4059, id)).toBe(`buildbox:4059:${id}`)
})
