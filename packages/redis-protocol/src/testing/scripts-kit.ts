import assert from 'node:assert/strict'
import { type TestRunner, freshName } from '@holdfast/core/testing'
import { mastersOf } from '../client.ts'
import { createKeys } from '../keys.ts'
import { redisStorage } from '../storage.ts'
import type { OpenRedis } from './redis-under-test.ts'

/** Scripts that the server does not know, prefixes, and the port itself. */
export function scriptsKit({ describe, it }: TestRunner, under: () => OpenRedis): void {
  const forgetScripts = async (): Promise<void> => {
    for (const master of await mastersOf(under().admin)) await master.send(['SCRIPT', 'FLUSH'])
  }

  describe('scripts', () => {
    it('works after SCRIPT FLUSH', async () => {
      const { storage } = under()
      const key = { collection: freshName('flushed'), id: 'a' }
      const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: false }
      await forgetScripts()
      const { entry } = await storage.records.put(key, null, write)
      assert.ok(entry)
      await forgetScripts()
      const second = await storage.records.put(key, entry.rev, {
        ...write,
        writeId: 'x',
        value: 'w',
      })
      assert.equal(second.entry?.value, 'w')
      await forgetScripts()
      assert.equal((await storage.records.read(key)).entry?.value, 'w')
      await forgetScripts()
      assert.deepEqual(
        (await storage.records.list(key.collection, { limit: 9 })).records.map(({ id }) => id),
        ['a'],
      )
      await forgetScripts()
      const deletion = await storage.records.compareAndDelete(key, { rev: second.entry?.rev ?? 0 })
      assert.equal(deletion.outcome, 'deleted')
    })

    it('works when many find at once that the server has forgotten the script', async () => {
      const { storage } = under()
      const collection = freshName('flushed')
      const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: false }
      await forgetScripts()
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, i) => storage.records.put({ collection, id: `${i}` }, null, write)),
      )
      assert.ok(replies.every(({ outcome }) => outcome === 'written'))
    })
  })

  describe('calls of one tick', () => {
    const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: false }

    it('share commands on a single server', async () => {
      const { client } = under()
      let sent = 0
      const counting = {
        ...client,
        send: (...command: Parameters<typeof client.send>) => {
          sent += 1
          return client.send(...command)
        },
      }
      const { records } = redisStorage(counting, { namespace: 'kit' })
      const collection = freshName('together')
      const together = (count: number, from: number): Promise<unknown> =>
        Promise.all(
          Array.from({ length: count }, (_, i) =>
            records.put({ collection, id: `${from + i}` }, null, write),
          ),
        )
      await together(3, 0) // the scripts are known
      sent = 0
      // Four leave at once, and no more than 16 leave together.
      await together(100, 100)
      assert.equal(sent, client.cluster ? 100 : 4 + 6)
    })

    it('keep their own outcomes: what fails, fails for its caller alone', async () => {
      const { client, storage } = under()
      const collection = freshName('together')
      const ids = Array.from({ length: 20 }, (_, i) => `${i}`)
      const { entry } = await storage.records.put({ collection, id: '7' }, null, write)
      const stolen = createKeys('kit').record({ collection, id: '11' }).record
      await client.send(['RPUSH', stolen, 'a list'], stolen)
      const outcomes = await Promise.allSettled(
        ids.map((id) => storage.records.put({ collection, id }, null, { ...write, writeId: `by-${id}` })),
      )
      const created = outcomes.map((sent) => sent.status === 'fulfilled' && sent.value.outcome === 'written')
      assert.deepEqual(
        created,
        ids.map((id) => id !== '7' && id !== '11'),
      )
      const [seventh, eleventh] = [outcomes[7], outcomes[11]]
      assert.ok(seventh?.status === 'fulfilled')
      assert.deepEqual(seventh.value.entry, entry)
      assert.ok(eleventh?.status === 'rejected')
      const { code, message } = eleventh.reason as Error & { code: string }
      assert.equal(code, 'STORAGE_REFUSED')
      assert.match(message, /WRONGTYPE/)
      await client.send(['UNLINK', stolen], stolen)
    })

    it('are not held together by size: large ones leave in several commands', async () => {
      const { storage } = under()
      const collection = freshName('large')
      const value = 'x'.repeat(30_000)
      const replies = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          storage.records.put({ collection, id: `${i}` }, null, { ...write, value }),
        ),
      )
      assert.ok(replies.every(({ outcome, entry }) => outcome === 'written' && entry.value === value))
    })
  })

  describe('prefixes', () => {
    it('keep apps apart, also where one begins like the other', async () => {
      const { admin } = under()
      const prefixes = ['app', 'app.r', 'app-', 'App']
      const storages = prefixes.map((prefix) => redisStorage(admin, { namespace: prefix }))
      const collection = freshName('shared')
      const key = { collection, id: 'same' }
      for (const [i, { records, values }] of storages.entries()) {
        const write = { writeId: 'w', value: `${prefixes[i]}`, ttlMs: 60_000, notify: false }
        assert.equal((await records.put(key, null, write)).outcome, 'written', `${prefixes[i]} is empty`)
        assert.deepEqual(await values.getMany([collection]), [null])
        await values.set(collection, `${prefixes[i]}`, 60_000, Number.MAX_SAFE_INTEGER)
      }
      for (const [i, { records, values }] of storages.entries()) {
        const page = await records.list(collection, { limit: 9 })
        assert.deepEqual(
          page.records.map(({ entry }) => entry.value),
          [prefixes[i]],
        )
        const [stored] = await values.getMany([collection])
        assert.equal(stored?.slice(13), prefixes[i])
      }
    })

    it('are refused when they could run into names', () => {
      for (const prefix of ['', 'a:b', '{a', 'a}', 'a b', 'ä', 'a'.repeat(65)]) {
        assert.throws(
          () => redisStorage(under().client, { namespace: prefix }),
          { code: 'INVALID_ARGUMENT' },
          prefix,
        )
      }
      return Promise.resolve()
    })
  })

  describe('errors', () => {
    it('of the server are refusals with the cause', async () => {
      const { client, storage } = under()
      const key = freshName('wrong type')
      await client.send(['RPUSH', `kit:v:${key}`, 'a list'], `kit:v:${key}`)
      await assert.rejects(storage.values.reserve(key, 'L', 60_000), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'STORAGE_REFUSED')
        assert.match(error.message, /WRONGTYPE.*prefix/)
        assert.match((error.cause as Error).message, /^WRONGTYPE/)
        return true
      })
      await client.send(['UNLINK', `kit:v:${key}`], `kit:v:${key}`)
    })
  })

  describe('verify', () => {
    it('finds nothing wrong with the rights, and names a fix for all else', async () => {
      const findings = await under().storage.verify()
      for (const { code, message, fix } of findings) {
        assert.match(code, /^[A-Z_]+$/)
        assert.ok(message !== '' && fix !== '', code)
      }
      const codes = findings.map(({ code }) => code)
      for (const code of ['COMMANDS_REFUSED', 'SUBSCRIBE_REFUSED', 'PUBLISH_REFUSED', 'REPLICA']) {
        assert.ok(!codes.includes(code), JSON.stringify(findings))
      }
    })
  })
}
