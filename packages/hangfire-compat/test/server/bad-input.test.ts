import { expect, it } from 'vitest'
import { defineHangfireJob } from '../../src/index.ts'
import { handle } from '../../src/server/handle.ts'
import { echo, openStage } from './open-server.ts'

const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as object
const body = (): void => {}

it.for([
  ['retries without a number', { automaticRetry: { attempts: -1 } }],
  ['no delays', { automaticRetry: { delaysMs: [] } }],
  ['a delay that is none', { automaticRetry: { delaysMs: [NaN] } }],
  ['another end of attempts', { automaticRetry: { onAttemptsExceeded: 'forget' } }],
  ['a misspelt option', { automaticRetries: {} }],
  ['a lock without a wait', { disableConcurrentExecution: {} }],
  ['a lock without a name', { disableConcurrentExecution: { waitMs: 0, resource: '' } }],
  ['another contention', { disableConcurrentExecution: { waitMs: 0, onContention: 'wait' } }],
  ['a key that is none', { idempotency: { key: 'k' } }],
  ['a time limit that is none', { idempotency: { timeoutMs: 'long' } }],
  ['a misspelt option of executions', { idempotency: { timeout: 1_000 } }],
  ['a skip, which says nothing of the job', { idempotency: { onInProgress: 'skip' } }],
  ['a fingerprint', { idempotency: { fingerprint: () => 1 } }],
] as const)('handle() refuses %s', ([, options]) => {
  expect(() => handle(echo, options as never, body)).toThrow(refused)
})

it('handle() refuses what is no definition, and no body', () => {
  expect(() => handle({} as never, {}, body)).toThrow(refused)
  expect(() => handle(echo, {}, 'body' as never)).toThrow(refused)
})

it('serve() refuses bad options before anything is written', async () => {
  await using stage = await openStage('ioredis')
  const handler = handle(echo, {}, body)
  const tries = [
    stage.serve([]),
    stage.serve([{} as never]),
    stage.serve([handler, handle(echo, {}, body)]),
    stage.serve([handler], { queues: [] }),
    stage.serve([handler], { queues: ['DEFAULT'] }),
    stage.serve([handler], { queues: ['a', 'a'] }),
    stage.serve([handler], { concurrency: 0 }),
    stage.serve([handler], { holdfast: {} as never }),
    stage.serve([handler], { name: 'a b' }),
    stage.serve([handler], { unknownJobs: 'run' as never }),
  ]
  for (const each of tries) await expect(each).rejects.toEqual(refused)
  expect(await stage.redis.keys(stage.key('*'))).toEqual([])
  const server = await stage.serve([handler])
  await expect(server.stop({ graceMs: -1 })).rejects.toEqual(refused)
  expect(await stage.redis.exists(stage.key(`server:${server.id}`))).toBe(1)
})

it('H11: serve() writes nothing where the dialect is unknown', async () => {
  await using stage = await openStage('ioredis', { dialect: {} })
  await expect(stage.serve([handle(echo, {}, body)])).rejects.toMatchObject({
    code: 'HANGFIRE_DIALECT_UNKNOWN',
  })
  expect(await stage.redis.keys(stage.key('*'))).toEqual([])
})

it('a type without an assembly is for a prefix of Node alone', async () => {
  const free = defineHangfireJob({ type: 'reviews', method: 'run', queue: 'node' })
  await using shared = await openStage('ioredis')
  await expect(shared.serve([handle(free, {}, body)])).rejects.toEqual(refused)
  await using own = await openStage('ioredis', { mode: 'own' })
  await own.serve([handle(free, {}, body)])
})
