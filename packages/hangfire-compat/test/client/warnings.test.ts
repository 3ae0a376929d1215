import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Redis } from 'ioredis'
import { afterAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemRuntime } from '@holdfast/core/storage'
import { type HangfireWarning, defineHangfireJob } from '../../src/index.ts'
import { hangfireKeys } from '../../src/wire/keys.ts'
import { NODE_SERVER } from '../../src/wire/servers.ts'
import { clients } from '../locks/node-peer.ts'
import { servedQueues } from '../../src/client/queue-servers.ts'
import { openContext } from '../transitions/open-context.ts'
import { openHangfire } from './open-hangfire.ts'

const url = process.env['REDIS_URL'] ?? ''
const admin = new Redis(url)
afterAll(() => admin.disconnect())

const nodeJob = defineHangfireJob({ type: 'Acme.INodeReviews, Acme', method: 'Review', queue: 'node' })
const mail = defineHangfireJob({ type: 'Acme.Mail, Acme', method: 'Send', queue: 'mail' })

/** Of one prefix, as they come. */
function warningsOf(prefix: string): HangfireWarning[] {
  const heard: HangfireWarning[] = []
  const listener = (event: unknown): void => {
    const warning = event as HangfireWarning
    if (warning.prefix === prefix) heard.push(warning)
  }
  subscribe('holdfast:hangfire', listener)
  onTestFinished(() => void unsubscribe('holdfast:hangfire', listener))
  return heard
}

async function announce(prefix: string, queues: readonly string[], more: object = {}): Promise<void> {
  const keys = hangfireKeys(prefix)
  const id = `server:${randomUUID()}`
  await admin.sadd(keys.servers, id)
  await admin.hset(keys.server(id), { StartedAt: '1795906388161', WorkerCount: '1', ...more })
  await admin.rpush(keys.serverQueues(id), ...queues)
}

describe.for(clients)('over %s', (client) => {
  it('no server on the queue: an event each minute, and one warning of the process', async () => {
    const prefix = `{${randomUUID()}}:`
    const heard = warningsOf(prefix)
    const warned = once(process, 'warning')
    await using open = await openHangfire(client, url, { prefix })
    await open.hangfire.jobs.enqueue(mail, [])
    const [warning] = (await warned) as [Error & { code: string }]
    expect(warning).toMatchObject({ name: 'HangfireWarning', code: 'HANGFIRE_QUEUE_UNSERVED' })
    expect(warning.message).toContain('mail')
    await open.hangfire.jobs.enqueue(mail, [])
    await open.hangfire.jobs.schedule(mail, [], { delayMs: 1 })
    expect(heard).toEqual([
      {
        type: 'warned',
        prefix,
        queue: 'mail',
        code: 'HANGFIRE_QUEUE_UNSERVED',
        message: expect.any(String) as string,
        at: expect.any(Number) as number,
      },
    ])
  })

  it('a .NET server on the queue of an interface', async () => {
    const prefix = `{${randomUUID()}}:`
    const heard = warningsOf(prefix)
    await announce(prefix, ['default', 'mail', 'node'])
    await announce(prefix, ['node'], NODE_SERVER)
    await using open = await openHangfire(client, url, { prefix })
    await open.hangfire.jobs.enqueue(mail, [])
    await open.hangfire.jobs.enqueue(nodeJob, [])
    await expect
      .poll(() => heard.map(({ code, queue }) => [code, queue]))
      .toEqual([['HANGFIRE_INTERFACE_IN_DOTNET_QUEUE', 'node']])
  })

  it('none where Node alone serves it', async () => {
    const prefix = `{${randomUUID()}}:`
    const heard = warningsOf(prefix)
    await announce(prefix, ['default'])
    await announce(prefix, ['node'], NODE_SERVER)
    await using open = await openHangfire(client, url, { prefix })
    await open.hangfire.jobs.enqueue(nodeJob, [])
    await open.hangfire.jobs.enqueue(mail, [])
    await expect.poll(() => heard.map(({ queue }) => queue)).toEqual(['mail'])
  })

  it('RS#123: a queue that still has something after a second is published again, once for all', async () => {
    const prefix = `{${randomUUID()}}:`
    const keys = hangfireKeys(prefix)
    // The seconds of this test are over when it says so.
    const seconds: { readonly end: () => void; readonly background: boolean | undefined }[] = []
    const runtime: typeof systemRuntime = {
      ...systemRuntime,
      setTimer(ms, end, options) {
        if (ms !== 1_000) return systemRuntime.setTimer(ms, end, options)
        seconds.push({ end, background: options?.background })
        return { cancel() {}, keepAlive() {} }
      },
    }
    await using open = await openHangfire(client, url, { prefix, runtime })
    const subscriber = admin.duplicate()
    onTestFinished(() => subscriber.disconnect())
    const heard: string[] = []
    subscriber.on('message', (_channel, id) => heard.push(id))
    await subscriber.subscribe(keys.fetchChannel)
    const { jobs } = open.hangfire
    const taken = await jobs.enqueue(mail, [])
    await admin.del(keys.queue('mail'))
    const ids = [await jobs.enqueue(nodeJob, []), await jobs.enqueue(nodeJob, [])]
    expect(seconds).toHaveLength(2)
    const [ofTaken, ofIds] = seconds
    ofTaken?.end()
    ofIds?.end()
    await expect.poll(() => heard).toEqual([taken, ...ids, ids[1]])
    // The second job of the queue came within the second of the first, and has another one.
    expect(seconds).toHaveLength(3)
    seconds[2]?.end()
    await expect.poll(() => heard).toEqual([taken, ...ids, ids[1], ids[1]])
    // No timer of it keeps the process alive.
    expect(seconds.map(({ background }) => background)).toEqual([true, true, true])
  })
})

it('few queues are remembered, whatever their number', async () => {
  const prefix = `{${randomUUID()}}:`
  const heard = warningsOf(prefix)
  const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  onTestFinished(() => emitted.mockRestore())
  await using open = await openContext('ioredis', url, { prefix })
  const served = servedQueues(open.context)
  const queues = Array.from({ length: 1_000 }, (_, i) => `q${i}`)
  for (const queue of [...queues, 'last', 'q999', 'q0']) served.check(mail, queue)
  // q0 was forgotten, and q999 was not.
  await expect.poll(() => heard.filter(({ queue }) => queue === 'q0')).toHaveLength(2)
  expect(heard.filter(({ queue }) => queue === 'q999')).toHaveLength(1)
  const said = emitted.mock.calls.map(([message]) => String(message))
  expect(said.filter((message) => message.includes('queue q0 '))).toHaveLength(2)
  expect(said.filter((message) => message.includes('queue q999 '))).toHaveLength(1)
})
