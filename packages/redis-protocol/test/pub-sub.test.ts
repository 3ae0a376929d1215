import { FaultProxy, matchCommand } from '@holdfast/test-support/proxy'
import { startRedis } from '@holdfast/test-support/redis'
import { ask } from '@holdfast/test-support/resp'
import { afterAll, expect, it, onTestFinished } from 'vitest'
import type { ShardedChannels } from '../src/index.ts'
import { type PubSub, createPubSub } from '../src/pub-sub.ts'
import { openPlainClient } from './plain-client.ts'

const server = await startRedis()
afterAll(async () => await server.stop())

/** For tests that must not give anything up, even on a slow machine. */
const patient = { patienceMs: 120_000, heartbeatMs: 120_000 }

/** Subscriptions through a proxy that can fail; `publish` bypasses it. */
const open = async (times: Parameters<typeof createPubSub>[1] = patient) => {
  const proxy = await FaultProxy.start({ target: { port: server.port } })
  const client = await openPlainClient(proxy.port)
  const pubSub = createPubSub(client, times)
  onTestFinished(async () => {
    pubSub.close()
    client.detach()
    await proxy.stop()
  })
  const seen = { messages: [] as string[], restored: 0 }
  const listener = {
    message: (payload: string) => void seen.messages.push(payload),
    restored: () => void (seen.restored += 1),
  }
  return {
    proxy,
    pubSub,
    seen,
    listener,
    /** An impatient one may give up a subscription that a slow machine would have confirmed. */
    subscribeAtLast: async () => {
      const subscribe = async () => await pubSub.subscribe('channel', listener)
      await expect
        .poll(async () => await subscribe().catch((error: Error) => error))
        .not.toBeInstanceOf(Error)
    },
    publish: async (text: string) => await ask(server, 'PUBLISH', 'channel', text),
  }
}

it('counts all subscribers on a single server', async () => {
  const { pubSub, listener, publish } = await open()
  expect(pubSub).toMatchObject({ sharded: false, receiverCount: 'exact' })
  expect(await publish('to none')).toBe(0)
  const unsubscribe = await pubSub.subscribe('channel', listener)
  expect(await publish('to one')).toBe(1)
  await unsubscribe()
  await expect.poll(() => publish('to none any more')).toBe(0)
})

it('subscribes to a channel once for all its listeners, until the last one leaves', async () => {
  const { proxy, pubSub, seen, listener, publish } = await open()
  const other = { ...listener, message: () => {} }
  let subscribes = 0
  const count = proxy.every((request) => {
    if (request.name === 'subscribe') subscribes += 1
    return false
  }, 'cut-request')
  const stops = await Promise.all([pubSub.subscribe('channel', listener), pubSub.subscribe('channel', other)])
  await stops[1]?.()
  await publish('one')
  await expect.poll(() => seen.messages).toEqual(['one'])
  expect(subscribes).toBe(1)
  await stops[0]?.()
  await stops[0]?.()
  await expect.poll(() => publish('two')).toBe(0)
  expect(seen.messages).toEqual(['one'])
  count.remove()
})

it('notices a connection on which nothing arrives any more, and reports when it has another', async () => {
  const { proxy, pubSub, seen, listener, publish } = await open()
  await pubSub.subscribe('channel', listener)
  proxy.blackHole()
  await publish('lost')
  proxy.retarget({ port: server.port }) // resets what is open; what is opened now gets nowhere yet
  await proxy.heal()
  await expect.poll(() => seen.restored).toBeGreaterThan(0)
  await publish('heard')
  await expect.poll(() => seen.messages).toContain('heard')
})

it('gives up a subscription that is not confirmed, and opens another connection', async () => {
  const { proxy, pubSub, seen, listener, publish, subscribeAtLast } = await open({
    ...patient,
    patienceMs: 500,
  })
  const silent = proxy.once(matchCommand('subscribe'), 'lose-request')
  const first = pubSub.subscribe('channel', listener)
  await silent.hit
  await expect(first).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  await subscribeAtLast()
  await publish('heard')
  await expect.poll(() => seen.messages).toEqual(['heard'])
})

it('notices by its heartbeat that the server has gone silent', async () => {
  const { proxy, seen, subscribeAtLast } = await open({ patienceMs: 500, heartbeatMs: 50 })
  await subscribeAtLast()
  const before = seen.restored
  const silent = proxy.once(matchCommand('ping'), 'lose-reply')
  await silent.hit
  await expect.poll(() => seen.restored).toBeGreaterThan(before)
})

it('tries again until the server is back', async () => {
  const { proxy, pubSub, seen, listener } = await open()
  await pubSub.subscribe('channel', listener)
  await proxy.refuse()
  proxy.reset()
  await expect.poll(() => proxy.connections).toBe(0)
  await proxy.accept()
  await expect.poll(() => seen.restored).toBe(1)
})

it('closes the connection some time after the last channel, and opens another when there is one again', async () => {
  const { pubSub, seen, listener, publish } = await open({ ...patient, lingerMs: 10 })
  const subscribers = async (): Promise<number> =>
    String(await ask(server, 'CLIENT', 'LIST', 'TYPE', 'pubsub'))
      .split('\n')
      .filter(Boolean).length
  const unsubscribe = await pubSub.subscribe('channel', listener)
  expect(await subscribers()).toBe(1)
  await unsubscribe()
  await expect.poll(subscribers).toBe(0)
  await pubSub.subscribe('channel', listener)
  await publish('again')
  await expect.poll(() => seen).toEqual({ messages: ['again'], restored: 0 })
})

it('moves to another connection, and keeps the old one until the new one is subscribed', async () => {
  const { proxy, pubSub, seen, listener, publish } = await open()
  await pubSub.subscribe('channel', listener)
  const held = proxy.once(matchCommand('subscribe'), 'hold-request')
  const moving = pubSub.renew()
  await held.hit
  expect(await publish('on the old one')).toBe(1)
  await expect.poll(() => seen.messages).toEqual(['on the old one'])
  const later = pubSub.subscribe('other', { ...listener, restored: () => {} })
  await later
  held.release()
  await moving
  expect(seen.restored).toBe(1)
  await expect.poll(() => publish('on the new one')).toBe(1)
  expect(await ask(server, 'PUBLISH', 'other', 'subscribed meanwhile')).toBe(1)
  await expect.poll(() => seen.messages).toContain('subscribed meanwhile')
  expect(seen.messages).toContain('on the new one')
})

/** Subscriptions whose first connection goes through the proxy, and all others straight to the server. */
const openBesideProxy = async (times: Parameters<typeof createPubSub>[1] = patient) => {
  const proxy = await FaultProxy.start({ target: { port: server.port } })
  const [through, beside] = await Promise.all([openPlainClient(proxy.port), openPlainClient(server.port)])
  let next = through
  const pubSub = createPubSub(
    {
      ...beside,
      async openConnection(events) {
        const { openConnection } = next
        next = beside
        return await openConnection(events)
      },
    },
    times,
  )
  const messages: string[] = []
  await pubSub.subscribe('channel', { message: (payload) => messages.push(payload), restored: () => {} })
  onTestFinished(async () => {
    pubSub.close()
    for (const client of [through, beside]) client.detach()
    await proxy.stop()
  })
  return {
    proxy,
    pubSub,
    messages,
    publish: async (text: string) => await ask(server, 'PUBLISH', 'channel', text),
  }
}

it('hears what was still on its way to the old connection when the new one was confirmed', async () => {
  const { proxy, pubSub, messages, publish } = await openBesideProxy()
  proxy.blackHole('to-client')
  expect(await publish('under way')).toBe(1)
  await pubSub.renew()
  await proxy.heal()
  await expect.poll(() => messages).toEqual(['under way'])
  await expect.poll(() => publish('on the new one')).toBe(1)
})

it.each([
  ['a while after it was replaced', { patienceMs: 500 }, () => {}],
  ['with all others', {}, (pubSub: PubSub) => pubSub.close()],
] as const)('closes an old connection that does not answer %s', async (_, times, close) => {
  const { proxy, pubSub, publish } = await openBesideProxy({ ...patient, ...times })
  proxy.blackHole('to-client')
  const [asked] = await Promise.all([proxy.seen(matchCommand('ping')), pubSub.renew()])
  expect(asked.name).toBe('ping')
  close(pubSub)
  await expect.poll(() => publish('once')).toBeLessThan(2)
})

it('keeps the old connection when the new one is lost on the way', async () => {
  const { proxy, pubSub, seen, listener, publish } = await open()
  await pubSub.subscribe('channel', listener)
  proxy.once(matchCommand('subscribe'), 'cut-request')
  await expect(pubSub.renew()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  expect(await publish('still here')).toBe(1)
  await expect.poll(() => seen.messages).toEqual(['still here'])
  expect(seen.restored).toBe(0)
  await pubSub.renew()
  expect(seen.restored).toBe(1)
})

it('gives up a sharded subscription that is not confirmed, and ends it if it is later', async () => {
  const client = await openPlainClient(server.port)
  const ended: string[] = []
  let confirm = (): void => undefined
  const sharded: ShardedChannels = {
    subscribe: () => new Promise<void>((resolve) => (confirm = resolve)),
    unsubscribe: async (channel) => void ended.push(channel),
    onRestored: () => () => undefined,
  }
  const pubSub = createPubSub({ ...client, sharded }, { patienceMs: 50 })
  onTestFinished(() => {
    pubSub.close()
    client.detach()
  })
  const listener = { message: () => {}, restored: () => {} }
  const refused = pubSub.subscribe('channel', listener, { sharded: true })
  await expect(refused).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  confirm()
  await expect.poll(() => ended).toEqual(['channel'])
})
