import { randomUUID } from 'node:crypto'
import type { RedisClient } from '@holdfast/redis-protocol'
import type { Redis } from 'ioredis'
import { type CheckOptions, checkHangfire } from '../../src/check/check.ts'
import type { CheckReport } from '../../src/check/report.ts'

/** What a check says of a prefix. Only tests of what moves give it time. */
export async function checkPrefix(
  client: RedisClient,
  prefix: string,
  options: Partial<CheckOptions> = {},
): Promise<CheckReport> {
  return await checkHangfire(client, {
    prefix,
    database: 0,
    jobs: 1_000,
    scan: 20_000,
    settleMs: 0,
    openDatabase: () => Promise.reject(new Error('no other database is to be opened')),
    ...options,
  })
}

/** Each finding with what it is about. */
export function found({ findings }: CheckReport): readonly (readonly [string, readonly string[]])[] {
  return findings.map(({ code, subjects }) => [code, subjects.toSorted()])
}

export const JOB = {
  Type: 'Acme.Jobs, Acme',
  Method: 'Run',
  ParameterTypes: '["System.String"]',
  Arguments: '["\\"a\\""]',
  CreatedAt: '1795906376182',
  CurrentCulture: '"en-US"',
}

export interface Prefix {
  readonly prefix: string
  readonly server: string
  key(name: string): string
  /** A job in a state, which no list has. */
  job(id: string, state: string, fields?: object, stateFields?: object): Promise<void>
}

/** A prefix in which a server of .NET works on `default`, and all is well. */
export async function healthyPrefix(admin: Redis): Promise<Prefix> {
  const prefix = `{${randomUUID()}}:`
  const server = `dotnet:1:${randomUUID()}`
  const key = (name: string): string => `${prefix}${name}`
  const [seconds] = (await admin.time()) as unknown as readonly string[]
  const now = `${seconds}000`
  const job: Prefix['job'] = async (id, state, fields = {}, stateFields = {}) => {
    await admin.hset(key(`job:${id}`), { ...JOB, State: state, ...fields })
    await admin.hset(key(`job:${id}:state`), { State: state, ...stateFields })
  }
  await admin.sadd(key('queues'), 'default')
  await admin.sadd(key('servers'), server)
  await admin.hset(key(`server:${server}`), { StartedAt: now, Heartbeat: now, WorkerCount: '2' })
  await admin.rpush(key(`server:${server}:queues`), 'default')
  await admin.set(key('stats:succeeded'), '1')
  await job('done', 'Succeeded', {}, { SucceededAt: now, PerformanceDuration: '1', Latency: '2' })
  await admin.rpush(key('succeeded'), 'done')
  return { prefix, server, key, job }
}
