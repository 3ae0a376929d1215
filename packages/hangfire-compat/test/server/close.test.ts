import { randomUUID } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { Redis } from 'ioredis'
import { expect, it, onTestFinished } from 'vitest'
import { createHangfire, handle } from '../../src/index.ts'
import { type ClientName, clients, connect } from '../locks/node-peer.ts'
import { echo, url } from './open-server.ts'

/** Hangfire in a prefix for one test. */
async function open(name: ClientName) {
  const { client, end } = await connect(name, url)
  const redis = new Redis(url)
  const holdfast = createHoldfast({ storage: memoryStorage(), prefix: 'test' })
  onTestFinished(async () => {
    await holdfast.close()
    redis.disconnect()
    end()
  })
  const prefix = `{${randomUUID()}}:`
  const hangfire = createHangfire({ client, prefix, mode: 'own' })
  const serve = () => hangfire.serve({ queues: ['node'], holdfast }, [handle(echo, {}, () => {})])
  return { hangfire, serve, servers: () => redis.smembers(`${prefix}servers`) }
}

it('close() has forgotten a server that has stopped', async () => {
  const { hangfire, serve } = await open('ioredis')
  const server = await serve()
  let stops = 0
  server.stop = async () => void (stops += 1)
  const stopped = await serve()
  await stopped.stop()
  stopped.stop = () => Promise.reject(new Error('asked again'))
  await hangfire.close()
  expect(stops).toBe(1)
})

it('close() stops all servers and ends the rest, and then says what could not be stopped', async () => {
  const { hangfire, serve, servers } = await open('ioredis')
  const [first, second, third] = [await serve(), await serve(), await serve()]
  const stop = first.stop.bind(first)
  first.stop = () => Promise.reject(new Error('cannot stop'))
  second.stop = () => Promise.reject(new Error('neither'))
  await expect(hangfire.close()).rejects.toThrow('cannot stop')
  expect((await servers()).toSorted()).toEqual([first.id, second.id].toSorted())
  expect(third.running).toBe(0)
  await expect(hangfire.jobs.delete(randomUUID())).rejects.toMatchObject({ code: 'CLOSED' })
  await stop()
})

it.for(clients)('close() leaves no server behind that was just being announced, over %s', async (name) => {
  const { client, end } = await connect(name, url)
  const redis = new Redis(url)
  const holdfast = createHoldfast({ storage: memoryStorage(), prefix: 'test' })
  onTestFinished(async () => {
    await holdfast.close()
    redis.disconnect()
    end()
  })
  const prefix = `{${randomUUID()}}:`
  for (let turns = 0; turns < 60; turns += 1) {
    const hangfire = createHangfire({ client, prefix, mode: 'own' })
    const serving = hangfire
      .serve({ queues: ['node'], holdfast }, [handle(echo, {}, () => {})])
      .catch(() => {})
    for (let turn = 0; turn < turns % 30; turn += 1) await setImmediate()
    await hangfire.close()
    await serving
    expect(await redis.smembers(`${prefix}servers`)).toEqual([])
    await expect(hangfire.serve({ holdfast }, [handle(echo, {}, () => {})])).rejects.toMatchObject({
      code: 'CLOSED',
    })
  }
})
