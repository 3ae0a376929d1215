import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Code } from '@holdfast/cli/codes'
import {
  type Hangfire,
  type HangfireOptions,
  createHangfire,
  defineHangfireJob,
  handle,
  t,
} from '@holdfast/hangfire-compat'
import { ioredisClient } from '@holdfast/redis-ioredis'
import { Redis } from 'ioredis'
import { expect } from 'vitest'
import { type Play, type Stage, becomes } from './stage.ts'

const PREFIX = '{hangfire}:'
const RECURRING = `${PREFIX}recurring-job:mail`

const review = defineHangfireJob({ type: 'Acme.INodeReviews, Acme', method: 'Review', queue: 'node' })
const mail = defineHangfireJob({
  type: 'Acme.INodeMails, Acme',
  method: 'Send',
  queue: 'node',
  parameters: [t.string],
})

type Dialect = Pick<HangfireOptions, 'dates' | 'typeNames'>

function open(stage: Stage, dialect: Dialect = { dates: 'ms', typeNames: 'simple' }): Hangfire {
  const redis = new Redis({ port: stage.node.port })
  redis.on('error', () => {})
  const hangfire = createHangfire({
    client: ioredisClient(redis),
    prefix: PREFIX,
    callTimeoutMs: 60_000,
    ...dialect,
  })
  stage.atEnd(async () => {
    await hangfire.close()
    redis.disconnect()
  })
  return hangfire
}

/** The codes of the warnings that come from now on. */
function warnings(stage: Stage): unknown[] {
  const heard: unknown[] = []
  const listen = (event: unknown): void => {
    const { type, code } = event as { type?: unknown; code?: unknown }
    if (type === 'warned') heard.push(code)
  }
  subscribe('holdfast:hangfire', listen)
  stage.atEnd(() => void unsubscribe('holdfast:hangfire', listen))
  return heard
}

/** A recurring job with one field that an entry is about, and the field as it was. */
async function recurringWith(stage: Stage, hangfire: Hangfire, field: string, text: string) {
  await hangfire.recurring.addOrUpdate('mail', mail, ['ann'], '@daily')
  const before = String(await stage.node.ask('HGET', RECURRING, field))
  await stage.node.ask('HSET', RECURRING, field, text)
  return { repair: async () => await stage.node.ask('HSET', RECURRING, field, before) }
}

export const PLAYS_OF_HANGFIRE: Readonly<Record<Extract<Code, `HANGFIRE_${string}`>, Play>> = {
  async HANGFIRE_QUEUE_UNSERVED(stage) {
    const hangfire = open(stage)
    const heard = warnings(stage)
    const id = await hangfire.jobs.enqueue(review, [])
    await becomes(() => heard.includes('HANGFIRE_QUEUE_UNSERVED'))
    expect(await stage.run('SMEMBERS')).toBe('')
    expect(await stage.run('LRANGE')).toBe(id)
    const holdfast = stage.open()
    const served = handle(review, {}, () => 'done')
    const server = await hangfire.serve({ queues: ['node'], concurrency: 1, holdfast }, [served])
    await becomes(async () => (await hangfire.monitor.job(id))?.state === 'Succeeded')
    await server.stop()
  },
  async HANGFIRE_INTERFACE_IN_DOTNET_QUEUE(stage) {
    const dotnet = 'server:1f1d4d39'
    await stage.node.ask('SADD', `${PREFIX}servers`, dotnet)
    await stage.node.ask(
      'HSET',
      `${PREFIX}server:${dotnet}`,
      'StartedAt',
      '1795906388161',
      'WorkerCount',
      '1',
    )
    await stage.node.ask('RPUSH', `${PREFIX}server:${dotnet}:queues`, 'node')
    const heard = warnings(stage)
    const { jobs } = open(stage)
    await jobs.enqueue(review, [])
    await becomes(() => heard.includes('HANGFIRE_INTERFACE_IN_DOTNET_QUEUE'))
    expect(await stage.run('SMEMBERS')).toBe(dotnet)
  },
  async HANGFIRE_UNREADABLE(stage) {
    const hangfire = open(stage)
    const { repair } = await recurringWith(stage, hangfire, 'Job', '{')
    const trigger = () => hangfire.recurring.trigger('mail')
    await expect(trigger()).rejects.toMatchObject({ code: 'HANGFIRE_UNREADABLE' })
    expect(await stage.run('HGETALL')).toMatch(/^Job\n\{$/m)
    await repair()
    expect(await trigger()).toEqual(expect.any(String))
  },
  async HANGFIRE_UNSUPPORTED(stage) {
    const hangfire = open(stage)
    const { repair } = await recurringWith(stage, hangfire, 'V', '3')
    const trigger = () => hangfire.recurring.trigger('mail')
    await expect(trigger()).rejects.toMatchObject({ code: 'HANGFIRE_UNSUPPORTED' })
    expect(await stage.run('HGETALL')).toMatch(/^V\n3$/m)
    await repair()
    expect(await trigger()).toEqual(expect.any(String))
  },
  async HANGFIRE_DIALECT_UNKNOWN(stage) {
    const enqueue = async (dialect: Dialect) => await open(stage, dialect).jobs.enqueue(review, [])
    await expect(enqueue({})).rejects.toMatchObject({ code: 'HANGFIRE_DIALECT_UNKNOWN' })
    expect(await stage.run('scan')).toBe('')
    expect(await enqueue({ dates: 'ms', typeNames: 'simple' })).toEqual(expect.any(String))
  },
  async HANGFIRE_JOB_MISSING(stage) {
    const { jobs } = open(stage)
    const missing = '00000000-0000-0000-0000-000000000000'
    const follows = jobs.continueWith(missing, review, [])
    await expect(follows).rejects.toMatchObject({ code: 'HANGFIRE_JOB_MISSING' })
    expect(await stage.run('EXISTS')).toBe('0')
    const parent = await jobs.enqueue(review, [])
    expect(await jobs.continueWith(parent, review, [])).toEqual(expect.any(String))
  },
}
