import { expect, it } from 'vitest'
import { type HangfireMonitor, createHangfireMonitor } from '../../src/index.ts'
import { connect } from '../locks/node-peer.ts'

const refused = expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error

it.for([
  ['a bigint for a job', (monitor) => monitor.job(5n as never)],
  ['a symbol for a job', (monitor) => monitor.console(Symbol('id') as never)],
  ['no queue', (monitor) => monitor.enqueued(undefined as never)],
  ['a symbol for a queue', (monitor) => monitor.fetched(Symbol('queue') as never)],
  ['an empty queue', (monitor) => monitor.enqueued('')],
  ['outcomes by what they are not counted by', (monitor) => monitor.outcomes('week' as never)],
] as const satisfies readonly (readonly [string, (monitor: HangfireMonitor) => Promise<unknown>])[])(
  'the monitor refuses %s',
  async ([, call]) => {
    const { client, end } = await connect('ioredis', process.env['REDIS_URL'] ?? '')
    await expect(call(createHangfireMonitor(client))).rejects.toEqual(refused)
    end()
  },
)

it('createHangfireMonitor() refuses what is no client', () => {
  for (const client of [undefined, {}, []])
    expect(() => createHangfireMonitor(client as never)).toThrow(refused)
})
