import assert from 'node:assert/strict'
import { LONG_TEXT, type TestRunner, freshName, until } from '@holdfast/core/testing'
import { type DedicatedConnectionEvents, mastersOf } from '../client.ts'
import { redisStorage } from '../storage.ts'
import type { OpenRedis, RedisUnderTest } from './redis-under-test.ts'

/** Connections that break, and those that must be closed. */
export function connectionsKit(
  { describe, it }: TestRunner,
  under: () => OpenRedis,
  open: () => Promise<RedisUnderTest>,
): void {
  /**
   * Ends the connections of this type on all masters, but not the one that is used for it; how many. A master that the
   * client of a cluster has just lost, and not found again, is not among them.
   */
  const killAll = async (by: Omit<RedisUnderTest, 'close'>, type: 'normal' | 'pubsub'): Promise<number> => {
    const { client, admin = client } = by
    let killed = 0
    for (const master of await mastersOf(admin))
      killed += Number(await master.send(['CLIENT', 'KILL', 'TYPE', type, 'SKIPME', 'yes']))
    return killed
  }
  const subscribers = async (): Promise<number> => {
    let count = 0
    for (const master of await mastersOf(under().admin)) {
      count += String(await master.send(['CLIENT', 'LIST', 'TYPE', 'pubsub']))
        .split('\n')
        // Sentinels subscribe at the servers that they watch.
        .filter((line) => line !== '' && !line.includes(' name=sentinel-')).length
    }
    return count
  }
  /** The client under test, when it has got over what the test before did to it. */
  const ready = async (): Promise<OpenRedis> => {
    const opened = under()
    await until('it is ready', async () => {
      if (opened.client.connection.state !== 'ready') return false
      return await opened.storage.time().then(
        () => true,
        () => false,
      )
    })
    return opened
  }
  const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: true }

  describe('connections that break', () => {
    it('are ready again, and serve', async () => {
      const other = await open()
      const { client, storage } = await ready()
      try {
        await killAll(other, 'normal')
        await until('the client works again', async () => {
          if (client.connection.state !== 'ready') return false
          return await storage.time().then(
            () => true,
            (error: Error & { code?: string }) => {
              assert.equal(error.code, 'STORAGE_UNAVAILABLE', error.message)
              return false
            },
          )
        })
      } finally {
        await other.close()
      }
    })

    it('report when they come back', async () => {
      const other = await open()
      const { client } = await ready()
      const states: string[] = []
      const stop = client.connection.onChange((state) => states.push(state))
      let wasDown = false
      const watch = setInterval(() => (wasDown ||= client.connection.state === 'down'), 1)
      try {
        await killAll(other, 'normal')
        await ready()
        // A pool or a cluster may come through without ever being down as a whole.
        if (wasDown) await until('it reports that', async () => states.includes('ready'))
      } finally {
        clearInterval(watch)
        stop()
        await other.close()
      }
    })

    it('give subscriptions back, and say that something may have been missed', async () => {
      const { storage } = await ready()
      const key = { collection: freshName('subscribed'), id: 'a' }
      let hints = 0
      const unsubscribe = await storage.records.subscribe(key, () => (hints += 1))
      await until('the subscriber is killed', async () => (await killAll(under(), 'pubsub')) > 0)
      await until('it reports the gap', async () => hints > 0)
      const before = hints
      await storage.records.put(key, null, write)
      await until('hints arrive again', async () => hints > before)
      await unsubscribe()
      assert.equal(hints, before + 1)
    })
  })

  describe('links', () => {
    const channel = `{kit:w:${freshName('channel')}}`
    const events = () => {
      const seen = { messages: [] as string[], lost: 0 }
      const listener: DedicatedConnectionEvents = {
        message: (from, payload) => seen.messages.push(`${from}=${payload}`),
        lost: () => (seen.lost += 1),
      }
      return { seen, listener }
    }

    it('carry messages and commands until they are closed, and say nothing of that', async () => {
      const { client } = await ready()
      const { seen, listener } = events()
      const link = await client.openConnection(listener)
      await link.subscribe(channel)
      await link.subscribe(channel)
      for (let i = 0; i < 3; i += 1) await link.send(['PING'])
      await client.send(['PUBLISH', channel, 'ünï 🦊'])
      await until('the message is there', async () => seen.messages.length > 0)
      assert.deepEqual(seen.messages, [`${channel}=ünï 🦊`])
      await link.unsubscribe(channel)
      await client.send(['PUBLISH', channel, 'unheard'])
      link.close()
      link.close()
      await until('it is gone', async () => (await subscribers()) === 0)
      assert.deepEqual([seen.messages.length, seen.lost], [1, 0])
    })

    it('wait for replicas of what was written on them', async () => {
      const { client } = await ready()
      const key = `kit:v:${freshName('waited for')}`
      const link = await (client.cluster?.openConnectionTo(key, events().listener) ??
        client.openConnection(events().listener))
      try {
        assert.equal(await link.send(['SET', key, LONG_TEXT, 'PX', '60000']), 'OK')
        assert.ok((await link.send(['GET', key])) === LONG_TEXT, 'text arrives whole')
        const acknowledged = await link.send(['WAIT', '0', '10'])
        assert.equal(typeof acknowledged, 'number')
      } finally {
        link.close()
      }
    })

    it('say once that they are lost, and refuse commands then', async () => {
      const { client } = await ready()
      const { seen, listener } = events()
      const link = await client.openConnection(listener)
      await link.subscribe(channel)
      await killAll(under(), 'pubsub')
      await until('it reports the loss', async () => seen.lost > 0)
      await assert.rejects(link.subscribe(`${channel}-2`))
      link.close()
      assert.equal(seen.lost, 1)
    })
  })

  describe('close()', () => {
    it('ends what the storage opened, and leaves the client alone', async () => {
      const { client } = await ready()
      const storage = redisStorage(client, { namespace: 'kit' })
      await storage.records.subscribe({ collection: 'c', id: 'a' }, () => {})
      assert.equal(await subscribers(), 1)
      await storage.close()
      await until('the subscriber is gone', async () => (await subscribers()) === 0)
      await assert.rejects(
        storage.records.subscribe({ collection: 'c', id: 'a' }, () => {}),
        { code: 'CLOSED' },
      )
      await ready()
    })
  })
}
