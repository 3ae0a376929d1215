import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { randomUUID } from 'node:crypto'
import { describe, it } from 'vitest'
import { handle } from '../../src/server/handle.ts'
import type { HangfireServerEvent } from '../../src/server/events.ts'
import { clients } from '../locks/node-peer.ts'
import { type Stage, echo, openStage } from './open-server.ts'

/** A job as another program writes it, with what this package knows nothing of. */
async function write(stage: Stage, fields: Record<string, string>, state = 'Enqueued'): Promise<string> {
  const id = randomUUID()
  const known = { Type: 'Acme.Other, Acme', Method: 'Run', ParameterTypes: '[]', Arguments: '[]' }
  await stage.redis
    .multi()
    .hset(stage.key(`job:${id}`), { ...known, CreatedAt: '1795906564241', State: state, ...fields })
    .hset(stage.key(`job:${id}:state`), { State: state, Queue: 'node', EnqueuedAt: '1795906564241' })
    .lpush(stage.key('queue:node'), id)
    .exec()
  return id
}

describe.concurrent.for(clients)('a served queue over %s', (client) => {
  it('H10: leaves what has no handler byte for byte, says so once, and runs what is behind', async ({
    expect,
    onTestFinished,
  }) => {
    await using stage = await openStage(client)
    const left = [
      await write(stage, { Unknown: 'ü\n', Method: 'constructor' }),
      await write(stage, { Type: 'child_process', Method: 'exec', ParameterTypes: 'no JSON' }),
      // A batch of Hangfire.Pro: the server that finishes it has to do more than Node knows.
      await write(stage, {
        Type: 'Acme.Contracts.INodeJobs, Acme.Contracts',
        Method: 'Echo',
        ParameterTypes: '["System.String","System.Threading.CancellationToken, mscorlib"]',
        Arguments: '["\\"x\\"",null]',
        BatchId: '"b"',
      }),
    ]
    const before = await Promise.all(left.map((id) => stage.redis.hgetall(stage.key(`job:${id}`))))
    const events: HangfireServerEvent[] = []
    const ran: string[] = []
    const id = await stage.enqueue('behind')
    const listen = (event: unknown): void => void events.push(event as HangfireServerEvent)
    subscribe('holdfast:hangfire', listen)
    onTestFinished(() => void unsubscribe('holdfast:hangfire', listen))
    const server = await stage.serve([handle(echo, {}, ([text]) => void ran.push(text))])
    await expect.poll(async () => (await stage.job(id)).state).toBe('Succeeded')
    const late = await stage.enqueue('late')
    await expect.poll(async () => (await stage.job(late)).state).toBe('Succeeded')
    expect(ran).toEqual(['behind', 'late'])
    const after = await Promise.all(left.map((each) => stage.redis.hgetall(stage.key(`job:${each}`))))
    expect(after).toEqual(before)
    expect((await stage.redis.lrange(stage.key('queue:node'), 0, -1)).toSorted()).toEqual(left.toSorted())
    const unknown = events.filter(
      (event) => 'server' in event && event.server === server.id && event.type === 'unknownJob',
    )
    expect(unknown).toEqual([
      expect.objectContaining({ id: left[0], queue: 'node', call: 'Acme.Other, Acme.constructor' }),
      expect.objectContaining({ id: left[1], call: 'child_process.exec' }),
    ])
  })

  it('fails them as .NET does where it is asked to', async ({ expect }) => {
    await using stage = await openStage(client)
    const id = await write(stage, {})
    await stage.serve([handle(echo, {}, () => {})], { unknownJobs: 'fail' })
    await expect.poll(async () => (await stage.job(id)).state).toBe('Failed')
    const { details } = await stage.job(id)
    expect(details?.reason).toBe("Can not change the state to 'Processing': target method was not found.")
    await expect.poll(async () => await stage.redis.llen(stage.key('queue:node'))).toBe(0)
    expect(await stage.redis.zscore(stage.key('failed'), id)).not.toBeNull()
  })

  it('finds a handler by any spelling of its types', async ({ expect }) => {
    await using stage = await openStage(client)
    const ran: string[] = []
    await stage.serve([handle(echo, {}, ([text]) => void ran.push(text))])
    const version = 'Version=1.2.3.4, Culture=neutral, PublicKeyToken=null'
    await write(stage, {
      Type: `Acme.Contracts.INodeJobs, Acme.Contracts, ${version}`,
      Method: 'Echo',
      ParameterTypes: `["System.String, System.Private.CoreLib, ${version}","System.Threading.CancellationToken, mscorlib"]`,
      Arguments: '["\\"full\\"",null,"too many are ignored"]',
    })
    await expect.poll(() => ran).toEqual(['full'])
  })

  it('forgets an id without a job, and one without a state after five looks', async ({ expect }) => {
    await using stage = await openStage(client)
    await stage.serve([handle(echo, {}, () => {})])
    const stateless = await write(stage, {})
    await stage.redis.hdel(stage.key(`job:${stateless}`), 'State')
    await stage.redis.lpush(stage.key('queue:node'), 'no-such-job', 'no-such-job')
    await expect.poll(async () => await stage.redis.llen(stage.key('queue:node'))).toBe(0)
    await expect.poll(async () => await stage.redis.llen(stage.key('queue:node:dequeued'))).toBe(0)
    expect(await stage.redis.exists(stage.key('job:no-such-job'))).toBe(0)
    expect(await stage.redis.hexists(stage.key(`job:${stateless}`), 'Fetched')).toBe(0)
  })

  it('runs one that gets its state meanwhile, as .NET without transactions writes it', async ({ expect }) => {
    await using stage = await openStage(client)
    const ran: string[] = []
    await stage.serve(
      [handle(echo, {}, ([text]) => void ran.push(text))],
      {},
      { statelessMs: Array.from({ length: 3_000 }, () => 50) },
    )
    const id = await stage.enqueue('slow', { queue: 'elsewhere' })
    await stage.redis.hdel(stage.key(`job:${id}`), 'State')
    await stage.redis.lpush(stage.key('queue:node'), id)
    await stage.redis.publish(stage.key('JobFetchChannel'), id)
    await expect.poll(async () => await stage.redis.llen(stage.key('queue:node:dequeued'))).toBe(1)
    await stage.redis.hset(stage.key(`job:${id}`), 'State', 'Enqueued')
    await expect.poll(() => ran).toEqual(['slow'])
  })
})
