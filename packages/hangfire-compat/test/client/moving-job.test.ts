import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it } from 'vitest'
import { createReader } from '../../src/monitor/reader.ts'
import { dialectOf } from '../../src/storage/read-dialect.ts'
import { hangfireKeys } from '../../src/wire/keys.ts'
import { clients, connect } from '../locks/node-peer.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

describe.each(clients)('over %s', (client) => {
  const of = hangfireKeys(`{${randomUUID()}}:`)
  const id = randomUUID()
  const cases: readonly {
    readonly how: string
    readonly from: string
    readonly put: () => PromiseLike<unknown>
    readonly move: () => PromiseLike<unknown>
  }[] = [
    {
      how: 'that a worker takes',
      from: of.queue('node'),
      put: () => admin.lpush(of.queue('node'), id),
      move: () => admin.lmove(of.queue('node'), of.dequeued('node'), 'RIGHT', 'LEFT'),
    },
    {
      how: 'that is enqueued again',
      from: of.failed,
      put: () => admin.multi().lrem(of.dequeued('node'), 1, id).zadd(of.failed, 1, id).exec(),
      move: () => admin.multi().zrem(of.failed, id).zadd(of.schedule, 1, id).exec(),
    },
  ]
  it.each(cases)(
    'H11: the only job shows the dialect, also one $how meanwhile',
    async ({ from, put, move }) => {
      await admin.sadd(of.queues, 'node')
      await admin.hset(of.job(id), { Type: 'Acme.Mail, Acme', CreatedAt: '1795410626647' })
      await put()
      const { client: own, end } = await connect(client, url)
      let answered: Promise<unknown> = Promise.resolve()
      let moves = 0
      const reader = createReader({
        ...own,
        // What was asked for before is answered, then the job moves, then its list is read.
        async send(command, key) {
          const before = answered
          const reply =
            key === from && (moves += 1) === 1
              ? before.then(move).then(() => own.send(command, key))
              : own.send(command, key)
          answered = Promise.all([before, reply])
          return await reply
        },
      })
      expect(await dialectOf(reader, of, 'shared', {})).toMatchObject({ dates: 'ms', typeNames: 'simple' })
      expect(moves).toBeGreaterThan(0)
      end()
    },
  )
})
