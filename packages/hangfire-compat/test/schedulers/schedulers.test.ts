import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { startSchedulers } from '../../src/schedulers/schedulers.ts'
import { createJob } from '../../src/transitions/create-job.ts'
import { eventually } from '../eventually.ts'
import { fresh, openNode } from './open-node.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const intervalsMs = { delayed: 20, fetched: 20, recurring: 20 }
const payload = '{"t":"Acme.Mail, Acme","m":"Send"}'

/** One thing to do for each of them. */
async function prepare(prefix: string): Promise<void> {
  await using node = await openNode(url, prefix)
  await createJob(node.context, {
    id: 'delayed',
    invocation: { type: 'Acme.Mail, Acme', method: 'Send', parameterTypes: [], arguments: [] },
    steps: (now) => [{ name: 'Scheduled', scheduledAt: now, enqueueAt: now - 1_000 }],
  })
  await admin.sadd(`${prefix}queues`, 'mail')
  await admin.lpush(`${prefix}queue:mail:dequeued`, 'fetched')
  await admin.hset(`${prefix}job:fetched`, { Type: 'Acme.Mail, Acme', Method: 'Send', State: 'Succeeded' })
  await admin.hset(`${prefix}recurring-job:hourly`, {
    Cron: '@hourly',
    Job: payload,
    NextExecution: '1795906440000',
  })
  await admin.zadd(`${prefix}recurring-jobs`, '1795906440', 'hourly')
}

const left = async (prefix: string): Promise<readonly unknown[]> => [
  await admin.zcard(`${prefix}schedule`),
  await admin.llen(`${prefix}queue:mail:dequeued`),
  await admin.zscore(`${prefix}recurring-jobs`, 'hourly'),
]

describe.concurrent('the schedulers of a server', () => {
  it('do all that there is to do in an own prefix, until they are stopped', async () => {
    const prefix = fresh()
    await prepare(prefix)
    await using node = await openNode(url, prefix)
    const schedulers = startSchedulers(node.context, { ...node.options, intervalsMs })
    await eventually(async () => (await left(prefix)).slice(0, 2), [0, 0])
    await eventually(() => admin.hexists(`${prefix}recurring-job:hourly`, 'LastJobId'), 1)
    await schedulers.stop()
    await prepare(prefix)
    const before = await left(prefix)
    // As many commands as a pass of each has.
    for (let i = 0; i < 50; i += 1) await admin.ping()
    expect(await left(prefix)).toEqual(before)
    expect(node.errors).toEqual([])
  })

  it('H10: in a shared prefix leave recurring jobs to .NET', async () => {
    const prefix = fresh()
    await prepare(prefix)
    await using node = await openNode(url, prefix, { mode: 'shared' })
    node.options.handled.add({
      type: { name: 'Acme.Mail', arguments: [], suffix: '', assembly: 'Acme' },
      method: 'Send',
      queue: 'mail',
      parameters: [],
    })
    const before = await admin.dump(`${prefix}recurring-job:hourly`)
    const schedulers = startSchedulers(node.context, { ...node.options, intervalsMs })
    await eventually(async () => (await left(prefix)).slice(0, 2), [0, 0])
    await schedulers.stop()
    expect(await admin.lrange(`${prefix}queue:mail`, 0, -1)).toEqual(['delayed'])
    expect(await admin.dump(`${prefix}recurring-job:hourly`)).toEqual(before)
    expect(await left(prefix)).toEqual([0, 0, '1795906440'])
  })
})
