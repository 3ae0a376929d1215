import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { announceServer } from '../../src/server/announce.ts'
import { decodeFetch, type FetchReply, fetchJob } from '../../src/server/fetch.ts'
import { HandlerRegistry } from '../../src/server/registry.ts'
import { handle } from '../../src/server/handle.ts'
import { workerKey } from '../../src/server/worker.ts'
import { sharedKeys } from '../../src/transitions/lua.ts'
import { isoOf } from '../../src/wire/dates.ts'
import { type Stage, echo, openStage } from './open-server.ts'

const server = 'node:1:test'

/** The script alone, as a worker runs it. */
async function taker(stage: Stage) {
  const { context } = stage
  const { keys } = context
  const registry = new HandlerRegistry([handle(echo, {}, () => {})])
  await context.run(
    announceServer,
    [keys.servers, keys.server(server), keys.serverQueues(server)],
    [server, '1795906564241', '1795906564241', '1', 'node'],
    String,
  )
  return async (worker: string): Promise<FetchReply> => {
    for (;;) {
      const now = Math.floor(await context.now())
      const reply = await context.run(
        fetchJob,
        [...sharedKeys(keys), keys.server(server), workerKey({ storage: context }, worker)],
        [
          'node',
          server,
          worker,
          `${now}`,
          '{"State":"Processing"}',
          registry.known,
          registry.unknown,
          isoOf(now),
        ],
        decodeFetch,
      )
      if (reply.found !== 'unknown') return reply
      registry.learn(reply.call)
    }
  }
}

it('a worker whose reply was lost gets the same job again, until it has ended', async () => {
  await using stage = await openStage('ioredis')
  const take = await taker(stage)
  const [first, second] = [await stage.enqueue('first'), await stage.enqueue('second')]
  const worker = randomUUID()
  expect(await take(worker)).toMatchObject({ found: 'job', id: first, queue: 'node' })
  expect(await take(worker)).toMatchObject({ found: 'job', id: first, queue: 'node' })
  expect(await stage.redis.llen(stage.key(`job:${first}:history`))).toBe(2)
  expect(await take(randomUUID())).toMatchObject({ found: 'job', id: second })
  await stage.redis.hset(stage.key(`job:${first}:state`), 'State', 'Succeeded')
  expect(await take(worker)).toEqual({ found: 'nothing' })
})

it('takes nothing for a server that is not announced', async () => {
  await using stage = await openStage('ioredis')
  const take = await taker(stage)
  const id = await stage.enqueue('late')
  // A command that arrives after its server has left.
  await stage.redis.del(stage.key(`server:${server}`))
  expect(await take(randomUUID())).toEqual({ found: 'no server' })
  expect(await stage.redis.lrange(stage.key('queue:node'), 0, -1)).toEqual([id])
})

it('looks behind many jobs without a handler, a bounded number at a time', async () => {
  await using stage = await openStage('ioredis')
  const take = await taker(stage)
  const unknown = { Type: 'Acme.Other, Acme', Method: 'Run', Arguments: '[]', State: 'Enqueued' }
  const ids = Array.from({ length: 450 }, (_, i) => `other-${i}`)
  const batch = stage.redis.pipeline()
  for (const id of ids) batch.hset(stage.key(`job:${id}`), unknown).lpush(stage.key('queue:node'), id)
  await batch.exec()
  const id = await stage.enqueue('behind')
  const worker = randomUUID()
  const replies = [await take(worker), await take(worker), await take(worker)]
  expect(replies.map(({ found }) => found)).toEqual(['turned', 'turned', 'job'])
  expect(replies[2]).toMatchObject({ id })
  // As they were, but for where the queue begins.
  expect((await stage.redis.lrange(stage.key('queue:node'), 0, -1)).toSorted()).toEqual(ids.toSorted())
})

it('H7, H12: a copy of a job that waits for its time is dropped, and the job stays as it is', async () => {
  await using stage = await openStage('ioredis')
  const take = await taker(stage)
  const id = await stage.enqueue('later', {
    state: (now) => ({ name: 'Scheduled', enqueueAt: Math.ceil(now) + 60_000, scheduledAt: Math.floor(now) }),
  })
  await stage.redis.lpush(stage.key('queue:node'), id, id)
  expect(await take(randomUUID())).toEqual({ found: 'nothing' })
  expect(await stage.redis.llen(stage.key('queue:node'))).toBe(0)
  expect(await stage.states(id)).toEqual(['Scheduled'])
  expect(await stage.redis.zcard(stage.key('schedule'))).toBe(1)
})
