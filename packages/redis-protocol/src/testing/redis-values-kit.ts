import assert from 'node:assert/strict'
import type { ValueStorage } from '@holdfast/core/storage'
import { type TestRunner, freshName } from '@holdfast/core/testing'
import { type Command, mastersOf } from '../client.ts'
import { createKeys } from '../keys.ts'
import { redisStorage } from '../storage.ts'
import type { OpenRedis } from './redis-under-test.ts'

/** Values: their times to live, the commands that they cost, and keys that another program has written. */
export function redisValuesKit({ describe, it }: TestRunner, under: () => OpenRedis): void {
  const values = (): ValueStorage => under().storage.values
  const nameOf = createKeys('kit').value
  const ask = async (command: string, key: string, ...more: string[]): Promise<unknown> =>
    await under().admin.send([command, nameOf(key), ...more], nameOf(key))
  const lives = async (key: string, ttlMs: number, after: string): Promise<void> => {
    const left = Number(await ask('PTTL', key))
    assert.ok(left > ttlMs - 60_000 && left <= ttlMs, `after ${after} it lives for ${left} ms`)
  }
  const forgetScripts = async (): Promise<void> => {
    for (const master of await mastersOf(under().admin)) await master.send(['SCRIPT', 'FLUSH'])
  }
  const fresh = (rest: string): string => `${freshName('value').padEnd(32, '.')}${rest}`
  const [hour, day] = [3_600_000, 86_400_000]

  describe('values live for a time', () => {
    it('whatever was done to them', async () => {
      const key = freshName('ttl')
      await values().set(key, 'v', day, Infinity)
      await lives(key, day, 'set')
      await values().remove([key])
      const mine = await values().reserve(key, 'Lmine.', day)
      await lives(key, day, 'reserve')
      await values().reserve(key, 'Lother.', hour)
      await lives(key, day, 'being found')
      assert.equal(await ask('GET', key), `${mine}+`)
      await values().reserve(key, 'Lthird.', hour)
      assert.equal(await ask('GET', key), `${mine}+`, 'word is left once')
      await values().extend(key, mine, hour)
      await lives(key, hour, 'extend')
      await values().replace(key, mine, fresh('v'), day)
      await lives(key, day, 'replace')
      const stamp = (await values().getHead(key, 13)) ?? ''
      await values().patch(key, stamp, stamp, hour)
      await lives(key, hour, 'patch')
      const [there] = await values().getManyBytes([key])
      assert.ok(there)
      await values().reserve(key, 'Lmine.', day, there)
      await lives(key, day, 'reserve instead of it')
    })

    it('also generations, and those that another program has made live for ever', async () => {
      const key = freshName('ttl')
      const generation = await values().ensure(key, 'G', hour)
      await lives(key, hour, 'ensure')
      await values().ensure(key, 'G', day)
      await lives(key, day, 'a longer ensure')
      await values().ensure(key, 'G', hour)
      await lives(key, day, 'a shorter ensure')
      await ask('PERSIST', key)
      assert.equal(await values().ensure(key, 'G', hour), generation)
      await lives(key, hour, 'PERSIST')
      await values().renew(key, 'G', day)
      await lives(key, day, 'renew')
    })
  })

  describe('what another program has written into the key of a value', () => {
    it('is a miss where it is no string, is left alone by what compares, and is replaced by set and renew', async () => {
      const [list, text] = [freshName('list'), freshName('text')]
      const refused = { code: 'STORAGE_REFUSED', message: /WRONGTYPE/ }
      await values().set(text, 'v', hour, Infinity)
      await ask('RPUSH', list, 'L;')
      const [none, found] = await values().getMany([list, text])
      assert.deepEqual([none, found?.slice(13)], [null, 'v'])
      assert.equal((await values().getManyBytes([list]))[0], null)
      assert.equal(await values().getHead(list, 5), null)
      await assert.rejects(values().reserve(list, 'L', hour), refused)
      await assert.rejects(values().replace(list, 'L;', fresh(''), hour), refused)
      await assert.rejects(values().extend(list, 'L;', hour), refused)
      await assert.rejects(values().patch(list, 'L;', 'x', hour), refused)
      await assert.rejects(values().removeIf(list, 'L;'), refused)
      await assert.rejects(values().ensure(list, 'G', hour), refused)
      assert.deepEqual(await ask('LRANGE', list, '0', '-1'), ['L;'])
      await values().set(list, 'v', hour, Infinity)
      assert.equal((await values().getMany([list]))[0]?.slice(13), 'v')
      for (const replace of [() => values().renew(list, 'G', hour), () => values().remove([list])]) {
        await values().remove([list])
        await ask('RPUSH', list, 'x')
        await replace()
        assert.notEqual(await ask('TYPE', list), 'list')
      }
    })

    it('is not appended to unless it looks like a placeholder', async () => {
      for (const text of ['', 'L', 'Lorem ipsum', '1;', 'Lother.1+', 'L;\n']) {
        const key = freshName('foreign')
        await ask('SET', key, text)
        assert.equal(await values().reserve(key, 'Lmine.', hour), text)
        assert.equal(await ask('GET', key), text)
        const mine = await values().reserve(key, 'Lmine.', hour, Buffer.from(text))
        assert.match(mine, /^Lmine\./)
        await lives(key, hour, 'it was replaced')
      }
    })
  })

  describe('values when the server has forgotten the scripts', () => {
    it('are stored, bytes too, alone and many at a time', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
      for (const count of [1, 40]) {
        const keys = Array.from({ length: count }, () => freshName('flushed'))
        await forgetScripts()
        await Promise.all(keys.map((key) => values().set(key, bytes, hour, Infinity)))
        await forgetScripts()
        const placed = await Promise.all(
          keys.map(async (key, i) => {
            const [there] = await values().getManyBytes([key])
            assert.ok(there && Buffer.from(bytes).equals(there.subarray(13)))
            return await values().reserve(key, `L${i}.`, hour, there)
          }),
        )
        assert.ok(placed.every((placeholder, i) => placeholder.startsWith(`L${i}.`)))
        await forgetScripts()
        const value = Buffer.concat([Buffer.from(fresh('')), bytes])
        const filled = keys.map((key, i) => values().replace(key, placed[i] ?? '', value, hour))
        assert.ok((await Promise.all(filled)).every(Boolean))
        for (const each of await values().getManyBytes(keys)) {
          assert.ok(each && value.equals(each.subarray(13)))
        }
      }
    })
  })

  describe('the commands of values', () => {
    const counting = () => {
      const sent: string[] = []
      const { client } = under()
      const count = (send: typeof client.send) => (command: Command, key?: string) => {
        sent.push(command[0])
        return send(command, key)
      }
      const counted = { ...client, send: count(client.send), sendForBytes: count(client.sendForBytes) }
      return { sent, values: redisStorage(counted, { namespace: 'kit' }).values }
    }
    const keys = (count: number): string[] => Array.from({ length: count }, () => freshName('counted'))

    it('are one for many keys on a single server, and one a key in a cluster', async () => {
      const counted = counting()
      const isCluster = under().client.cluster !== undefined
      for (const read of [counted.values.getMany, counted.values.getManyBytes]) {
        await read(keys(100))
        assert.deepEqual(counted.sent.splice(0), isCluster ? Array<string>(100).fill('GET') : ['MGET'])
        await read(keys(300))
        assert.equal(counted.sent.splice(0).length, isCluster ? 300 : 3)
      }
      await counted.values.remove(keys(1_200))
      assert.deepEqual(counted.sent.splice(0), Array<string>(isCluster ? 1_200 : 5).fill('UNLINK'))
    })

    it('are refused as maybe executed where only some of several were not', async () => {
      const { client } = under()
      let unlinks = 0
      const failing = {
        ...client,
        send: (...command: Parameters<typeof client.send>) =>
          command[0][0] === 'UNLINK' && (unlinks += 1) % 2 === 0
            ? Promise.reject(new Error("READONLY You can't write against a read only replica."))
            : client.send(...command),
      }
      const storage = redisStorage(failing, { namespace: 'kit' })
      const unavailable = { code: 'STORAGE_UNAVAILABLE' }
      await assert.rejects(storage.values.remove(keys(600)), { ...unavailable, maybeApplied: true })
      unlinks = 1
      await assert.rejects(storage.values.remove(keys(1)), { ...unavailable, maybeApplied: false })
    })

    it('of one tick leave together on a single server', async () => {
      const counted = counting()
      const all = keys(100)
      const together = async <T>(act: (key: string, i: number) => Promise<T>): Promise<T[]> => {
        const results = await Promise.all(all.map(act))
        // One leaves at once, and no more than 64 leave together.
        assert.equal(counted.sent.splice(0).length, under().client.cluster ? 100 : 1 + 2)
        return results
      }
      const other = freshName('known')
      const known = await counted.values.reserve(other, 'L', hour)
      await counted.values.replace(other, known, fresh(''), hour)
      // The batch of a script is another script, which the server gets to know by these.
      await Promise.all(all.map((key) => counted.values.reserve(key, 'L', hour)))
      await Promise.all(all.map((key) => counted.values.replace(key, 'L', fresh(''), hour)))
      await counted.values.remove(all)
      counted.sent.splice(0)
      const placed = await together((key, i) => counted.values.reserve(key, `L${i}.`, hour))
      assert.ok(placed.every((placeholder, i) => placeholder.startsWith(`L${i}.`)))
      const filled = await together((key, i) =>
        counted.values.replace(key, placed[i] ?? '', fresh(`${i}`), hour),
      )
      assert.ok(filled.every(Boolean))
      const stored = await values().getMany(all)
      assert.ok(stored.every((value, i) => value?.slice(13 + 32) === `${i}`))
    })

    /**
     * Counts what is published about the keys; not with INFO, for sentinels publish on the server as well. Messages of one
     * server arrive in order, so that all which came before a last one are there when that is. A script publishes that, for
     * clients of clusters send PUBLISH to any server.
     */
    const listenTo = async (...about: string[]) => {
      const last = 'that is all'
      const publish = "return redis.call('PUBLISH', KEYS[1], ARGV[1])"
      const counts = new Map<string, number>()
      let onLast = (): void => undefined
      const link = await under().admin.openConnection({
        message(channel, payload) {
          if (payload === last) onLast()
          else counts.set(channel, (counts.get(channel) ?? 0) + 1)
        },
        lost: () => undefined,
      })
      for (const key of about) await link.subscribe(nameOf(key))
      return {
        close: () => link.close(),
        /** Since it was asked last. */
        published: async (key: string): Promise<number> => {
          const isThere = new Promise<void>((resolve) => (onLast = resolve))
          const name = nameOf(key)
          await under().admin.send(['EVAL', publish, '1', name, last], name)
          await isThere
          const count = counts.get(name) ?? 0
          counts.delete(name)
          return count
        },
      }
    }

    it('publish only where another caller waits, or the placeholder was gone', async () => {
      const [key, gone] = [freshName('published'), freshName('gone')]
      const { published, close } = await listenTo(key, gone)
      try {
        let mine = await values().reserve(key, 'Lmine.', hour)
        await values().reserve(key, 'Lmine.', hour)
        await values().extend(key, mine, hour)
        await values().replace(key, mine, 'x+ is the beginning of a value', hour)
        const stamp = (await values().getHead(key, 13)) ?? ''
        await values().replace(key, stamp, fresh(''), hour)
        await values().remove([key])
        mine = await values().reserve(key, 'Lmine.', hour)
        await values().removeIf(key, mine)
        assert.equal(await published(key), 0)
        mine = await values().reserve(key, 'Lmine.', hour)
        await values().reserve(key, 'Lother.', hour)
        await values().replace(key, mine, fresh(''), hour)
        assert.equal(await published(key), 1)
        await values().removeIf(gone, mine)
        assert.deepEqual([await published(key), await published(gone)], [0, 1])
      } finally {
        close()
      }
    })
  })
}
