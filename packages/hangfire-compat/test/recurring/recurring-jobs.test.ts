import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { defineHangfireJob } from '../../src/jobs/job-definition.ts'
import { t } from '../../src/jobs/t.ts'
import { type HangfireRecurringJobs, recurringJobs } from '../../src/recurring/recurring-jobs.ts'
import { clients } from '../locks/node-peer.ts'
import { DotnetPeer } from '../peer/dotnet-peer.ts'
import { type OpenNode, type OpenNodeOptions, fresh, openNode } from '../schedulers/open-node.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const digest = defineHangfireJob({
  type: 'Acme.INodeMails, Acme',
  method: 'Digest',
  queue: 'node',
  parameters: [t.string, t.cancellationToken],
})
const payload =
  '{"t":"Acme.INodeMails, Acme","m":"Digest","p":["System.String","System.Threading.CancellationToken, mscorlib"],"a":["\\"ann\\"",null],"q":"node"}'

interface Open extends OpenNode {
  readonly prefix: string
  readonly recurring: HangfireRecurringJobs
}

async function open(options: OpenNodeOptions = {}): Promise<Open> {
  const prefix = fresh()
  const node = await openNode(url, prefix, { mode: 'shared', ...options })
  return Object.assign(node, { prefix, recurring: recurringJobs(node.context, node.locks) })
}

const read = ({ prefix }: Open, id = 'digest'): Promise<Record<string, string>> =>
  admin.hgetall(`${prefix}recurring-job:${id}`)
const score = async ({ prefix }: Open, id = 'digest'): Promise<number | null> => {
  const text = await admin.zscore(`${prefix}recurring-jobs`, id)
  return text === null ? null : Number(text)
}
const everything = async ({ prefix }: Open): Promise<readonly unknown[]> => {
  const keys = (await admin.keys(`${prefix.replace(/[{}]/g, '\\$&')}*`))
    .filter((key) => !key.includes('holdfast:'))
    .toSorted()
  return await Promise.all(keys.map(async (key) => [key, await admin.dump(key)]))
}

describe.concurrent('addOrUpdate', () => {
  it.for(clients)(
    'in a shared prefix writes what .NET then computes the next execution of, over %s',
    async (client) => {
      await using node = await open({ client })
      const before = Date.now()
      await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 7 * * *', { timeZone: 'Europe/Paris' })
      const { CreatedAt, ...fields } = await read(node)
      expect(fields).toEqual({
        Queue: 'default',
        Cron: '0 7 * * *',
        TimeZoneId: 'Europe/Paris',
        Job: payload,
        V: '2',
      })
      expect(Math.abs(Number(CreatedAt) - before)).toBeLessThan(60_000)
      // Due now: .NET looks at it at once.
      expect(await score(node)).toBe(Math.ceil(Number(CreatedAt) / 1_000))
      expect(await admin.exists(`${node.prefix}lock:recurring-job:digest`)).toBe(0)
    },
  )

  it('in an own prefix computes it here', async () => {
    await using node = await open({ mode: 'own' })
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@hourly', { misfire: 'every' })
    const { NextExecution, Misfire } = await read(node)
    expect(Misfire).toBe('1')
    expect(Number(NextExecution) % 3_600_000).toBe(0)
    expect(await score(node)).toBe(Number(NextExecution) / 1_000)
    await node.recurring.addOrUpdate('never', digest, ['ann'], '0 0 31 2 *')
    expect(await read(node, 'never')).toMatchObject({ NextExecution: '' })
    expect(await score(node, 'never')).toBe(-1)
  })

  it('writes in the dialect of level 110', async () => {
    await using node = await open({ mode: 'own', dialect: { dates: 'iso', typeNames: 'full' } })
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@daily')
    const { CreatedAt, Job = '', NextExecution } = await read(node)
    expect([CreatedAt, NextExecution]).toEqual([
      expect.stringMatching(/0000Z$/),
      expect.stringMatching(/T00:00:00\.0000000Z$/),
    ])
    expect(JSON.parse(Job)).toMatchObject({
      Type: 'Acme.INodeMails, Acme, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null',
      Queue: 'node',
    })
  })

  it('again with the same times leaves the next execution, the last one and unknown fields as they are', async () => {
    await using node = await open()
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 7 * * *')
    // .NET has computed it, and has run it once.
    const dotnet = {
      NextExecution: '1796004000000',
      LastExecution: '1795917600000',
      LastJobId: 'x',
      MyOwn: '1',
    }
    await admin.hset(`${node.prefix}recurring-job:digest`, dotnet)
    await admin.zadd(`${node.prefix}recurring-jobs`, '1796004000', 'digest')
    await node.recurring.addOrUpdate('digest', digest, ['bob'], '0 7 * * *', { misfire: 'ignore' })
    expect(await read(node)).toMatchObject({ ...dotnet, Misfire: '2', Job: payload.replace('ann', 'bob') })
    expect(await score(node)).toBe(1_796_004_000)
    await node.recurring.addOrUpdate('digest', digest, ['bob'], '0 7 * * *')
    expect(await read(node)).toMatchObject({ ...dotnet, Misfire: '0' })
  })

  it('a changed expression or zone has its next execution from here, and does not run at once', async () => {
    await using node = await open()
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 7 * * *')
    await admin.hset(`${node.prefix}recurring-job:digest`, { LastExecution: '1795917600000' })
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 3 * * *')
    const next = Number((await read(node)).NextExecution)
    expect([new Date(next).getUTCHours(), next % 3_600_000]).toEqual([3, 0])
    expect(next).toBeGreaterThan(Date.now())
    expect(await score(node)).toBe(next / 1_000)
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 3 * * *', { timeZone: 'Asia/Tokyo' })
    expect(new Date(Number((await read(node)).NextExecution)).getUTCHours()).toBe(18)
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 0 31 2 *', { timeZone: 'Asia/Tokyo' })
    expect(await read(node)).toMatchObject({ NextExecution: '' })
    expect(await score(node)).toBe(-1)
  })

  it('one that had failed too often runs again', async () => {
    await using node = await open()
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 7 * * *')
    await admin.hset(`${node.prefix}recurring-job:digest`, {
      Error: 'Mars',
      RetryAttempt: '5',
      NextExecution: '',
    })
    await admin.zadd(`${node.prefix}recurring-jobs`, '-1', 'digest')
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 7 * * *')
    expect(await read(node)).toMatchObject({ Error: '', RetryAttempt: '0' })
    expect(await score(node)).toBeGreaterThan(Date.now() / 1_000)
  })

  it("HF#2462: a zone of Windows is written by its IANA name, and .NET's spelling of the same zone stays", async () => {
    await using node = await open()
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 7 * * *', {
      timeZone: 'Romance Standard Time',
    })
    expect(await read(node)).toMatchObject({ TimeZoneId: 'Europe/Paris' })
    await admin.hset(`${node.prefix}recurring-job:digest`, {
      TimeZoneId: 'Romance Standard Time',
      NextExecution: '1796004000000',
    })
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '0 7 * * *', { timeZone: 'Europe/Paris' })
    expect(await read(node)).toMatchObject({
      TimeZoneId: 'Romance Standard Time',
      NextExecution: '1796004000000',
    })
    await node.recurring.addOrUpdate('utc', digest, ['ann'], '0 7 * * *')
    expect(await read(node, 'utc')).toMatchObject({ TimeZoneId: 'UTC' })
  })

  it('HF#1404: what .NET would refuse is refused before any write', async () => {
    await using node = await open()
    const { recurring } = node
    const refusals = [
      () => recurring.addOrUpdate('digest', digest, ['ann'], '61 * * * *'),
      () => recurring.addOrUpdate('digest', digest, ['ann'], 'H * * * *'),
      () => recurring.addOrUpdate('digest', digest, ['ann'], '* * *'),
      () => recurring.addOrUpdate('digest', digest, ['ann'], '@daily', { timeZone: 'Mars/Olympus' }),
      () => recurring.addOrUpdate('digest', digest, ['ann'], '@daily', { timeZone: 'europe/paris' }),
      () => recurring.addOrUpdate('digest', digest, ['ann'], '@daily', { misfire: 'twice' as never }),
      () => recurring.addOrUpdate('digest', digest, ['ann'], '@daily', { zone: 'UTC' } as never),
      () => recurring.addOrUpdate('digest', digest, [1 as never], '@daily'),
      () => recurring.addOrUpdate('digest', digest, [] as never, '@daily'),
      () => recurring.addOrUpdate('', digest, ['ann'], '@daily'),
      () => recurring.trigger(''),
      () => recurring.remove(1 as never),
    ]
    for (const refused of refusals)
      await expect(refused()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await everything(node)).toEqual([])
  })

  it('H11: without a dialect nothing is written', async () => {
    await using node = await open({ dialect: {} })
    await expect(node.recurring.addOrUpdate('digest', digest, ['ann'], '@daily')).rejects.toMatchObject({
      code: 'HANGFIRE_DIALECT_UNKNOWN',
    })
    expect(await everything(node)).toEqual([])
  })

  it('H10: a recurring job of another type, of a later version or misfire mode, or unreadable is left byte for byte', async () => {
    await using node = await open()
    const key = (id: string): string => `${node.prefix}recurring-job:${id}`
    await admin.hset(key('foreign'), { Cron: '@daily', Job: payload.replace('INodeMails', 'Mails'), V: '2' })
    await admin.hset(key('later'), { Cron: '@daily', Job: payload, V: '3' })
    await admin.hset(key('mode'), { Cron: '@daily', Job: payload, Misfire: '7' })
    await admin.hset(key('broken'), { Cron: '@daily', Job: '{' })
    await admin.set(key('text'), 'no hash')
    const before = await everything(node)
    const add = (id: string): Promise<void> => node.recurring.addOrUpdate(id, digest, ['ann'], '@daily')
    for (const id of ['foreign', 'later', 'mode'])
      await expect(add(id)).rejects.toMatchObject({ code: 'HANGFIRE_UNSUPPORTED' })
    for (const id of ['broken', 'text']) {
      await expect(add(id)).rejects.toMatchObject({ code: 'HANGFIRE_UNREADABLE' })
      await expect(node.recurring.trigger(id)).rejects.toMatchObject({ code: 'HANGFIRE_UNREADABLE' })
    }
    for (const id of ['later', 'mode']) {
      await expect(node.recurring.trigger(id)).rejects.toMatchObject({ code: 'HANGFIRE_UNSUPPORTED' })
      await expect(node.recurring.remove(id)).rejects.toMatchObject({ code: 'HANGFIRE_UNSUPPORTED' })
    }
    expect(await everything(node)).toEqual(before)
  })

  it('in an own prefix the same id may call another method', async () => {
    await using node = await open({ mode: 'own' })
    const other = defineHangfireJob({ type: 'Acme.Other, Acme', method: 'Run' })
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@daily')
    const { NextExecution } = await read(node)
    await node.recurring.addOrUpdate('digest', other, [], '@daily')
    expect(await read(node)).toMatchObject({
      NextExecution,
      Job: '{"t":"Acme.Other, Acme","m":"Run","q":"default"}',
    })
  })
})

describe.concurrent('trigger and remove', () => {
  it("makes the job as .NET's TriggerJob does, and the next execution counts from now", async () => {
    await using node = await open()
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@hourly')
    const id = (await node.recurring.trigger('digest')) ?? ''
    expect(await admin.lrange(`${node.prefix}queue:node`, 0, -1)).toEqual([id])
    expect(await admin.hgetall(`${node.prefix}job:${id}:state`)).toMatchObject({
      State: 'Enqueued',
      Queue: 'node',
      Reason: 'Triggered using recurring job manager',
    })
    const { LastExecution, LastJobId, NextExecution } = await read(node)
    expect(LastJobId).toBe(id)
    expect(await admin.hmget(`${node.prefix}job:${id}`, 'RecurringJobId', 'Time')).toEqual([
      '"digest"',
      String(Math.floor(Number(LastExecution) / 1_000)),
    ])
    expect(await score(node)).toBe(Number(NextExecution) / 1_000)
    expect(Number(NextExecution) % 3_600_000).toBe(0)
  })

  it('triggers one whose expression Node cannot read, and leaves its times', async () => {
    await using node = await open()
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@hourly')
    await admin.hset(`${node.prefix}recurring-job:digest`, {
      Cron: 'H * * * *',
      NextExecution: '',
      Error: 'H',
    })
    await admin.zadd(`${node.prefix}recurring-jobs`, '-1', 'digest')
    expect(await node.recurring.trigger('digest')).toEqual(expect.any(String))
    expect(await read(node)).toMatchObject({ NextExecution: '', Error: 'H' })
    expect(await score(node)).toBe(-1)
  })

  it('H10: in a shared prefix triggers nothing whose queue only .NET knows', async () => {
    await using node = await open()
    await admin.hset(`${node.prefix}recurring-job:mail`, {
      Cron: '@daily',
      Job: '{"t":"Acme.Mails, Acme","m":"Send"}',
      V: '2',
    })
    const before = await everything(node)
    await expect(node.recurring.trigger('mail')).rejects.toMatchObject({ code: 'HANGFIRE_UNSUPPORTED' })
    expect(await everything(node)).toEqual(before)
    // Its definition says it, once it is known here.
    node.context.jobs.add(defineHangfireJob({ type: 'Acme.Mails, Acme', method: 'Send', queue: 'mails' }))
    const id = await node.recurring.trigger('mail')
    expect(await admin.lrange(`${node.prefix}queue:mails`, 0, -1)).toEqual([id])
  })

  it('has nothing to trigger or to remove where there is none', async () => {
    await using node = await open()
    expect(await node.recurring.trigger('none')).toBeUndefined()
    expect(await node.recurring.remove('none')).toBe(false)
    expect(await everything(node)).toEqual([])
  })

  it('removes it, and leaves the jobs that it made', async () => {
    await using node = await open()
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@hourly')
    const id = await node.recurring.trigger('digest')
    expect(await node.recurring.remove('digest')).toBe(true)
    expect([await read(node), await score(node)]).toEqual([{}, null])
    expect(await admin.exists(`${node.prefix}job:${String(id)}`)).toBe(1)
  })
})

describe.concurrent("under .NET's lock of the recurring job", () => {
  it('H1: waits while .NET changes it, and sees what it wrote', async () => {
    await using node = await open()
    using peer = new DotnetPeer(url, '1.12.0', { prefix: node.prefix })
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@hourly')
    await peer.acquire('lock:recurring-job:digest', 0)
    const triggered = node.recurring.trigger('digest')
    await admin.hset(`${node.prefix}recurring-job:digest`, { Cron: '0 0 1 1 *' })
    await peer.release('lock:recurring-job:digest')
    await triggered
    expect(new Date(Number((await read(node)).NextExecution)).getUTCMonth()).toBe(0)
  })

  it('H2: a lock that was taken meanwhile lets nothing be written', async () => {
    let taken = ''
    await using node = await open({
      around: (client) => ({
        ...client,
        async send(args, key) {
          const lock = args.find(
            (arg) => typeof arg === 'string' && arg.endsWith('lock:recurring-job:digest'),
          )
          // The scripts that write name the hash, too.
          if (
            taken !== '' &&
            lock !== undefined &&
            args.some((arg) => String(arg).endsWith('}:recurring-job:digest'))
          )
            await admin.set(String(lock), taken)
          return await client.send(args, key)
        },
      }),
    })
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@hourly')
    const before = await everything(node)
    taken = 'of another'
    const calls = [
      () => node.recurring.addOrUpdate('digest', digest, ['bob'], '@daily'),
      () => node.recurring.trigger('digest'),
      () => node.recurring.remove('digest'),
    ]
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        code: 'LEASE_LOST',
        lockName: 'lock:recurring-job:digest',
      })
      const lock = `${node.prefix}lock:recurring-job:digest`
      expect(await admin.get(lock)).toBe(taken)
      await admin.del(lock)
      expect(await everything(node)).toEqual(before)
    }
  })

  it.for(clients)('H3: a call whose replies are lost has happened once, over %s', async (client) => {
    let isLosing = false
    await using node = await open({
      client,
      around: (given) => ({
        ...given,
        async send(args, key) {
          const reply = await given.send(args, key)
          // Each script is run again by the same call.
          if (!isLosing || !args[0].startsWith('EVAL')) return reply
          const again = await given.send(args, key)
          return again
        },
      }),
    })
    isLosing = true
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@hourly')
    const id = await node.recurring.trigger('digest')
    expect(await admin.lrange(`${node.prefix}queue:node`, 0, -1)).toEqual([id])
    expect(await admin.llen(`${node.prefix}job:${String(id)}:history`)).toBe(1)
    expect(await read(node)).toMatchObject({ LastJobId: id })
    expect(await node.recurring.remove('digest')).toBe(true)
    expect(await read(node)).toEqual({})
  })

  it('takes the lock, reads, writes and lets the lock go: five commands at most', async () => {
    let sent: string[] = []
    await using node = await open({
      around: (client) => ({
        ...client,
        send: (args, key) => {
          sent.push(args[0])
          return client.send(args, key)
        },
      }),
    })
    await node.recurring.addOrUpdate('digest', digest, ['ann'], '@hourly')
    await node.recurring.trigger('digest')
    for (const call of [
      () => node.recurring.addOrUpdate('digest', digest, ['bob'], '@hourly'),
      () => node.recurring.trigger('digest'),
      () => node.recurring.remove('digest'),
    ]) {
      sent = []
      await call()
      expect(sent.length, sent.join(' ')).toBeLessThanOrEqual(5)
    }
  })
})
