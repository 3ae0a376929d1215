import assert from 'node:assert/strict'
import { type TestRunner, freshName } from '@holdfast/core/testing'
import { redisStorage } from '../storage.ts'
import type { OpenRedis } from './redis-kit.ts'

/** Scripts that the server does not know, prefixes, and the port itself. */
export function scriptsKit({ describe, it }: TestRunner, under: () => OpenRedis): void {
  const forgetScripts = async (): Promise<void> => {
    for (const master of await under().client.masters()) await master.send(['SCRIPT', 'FLUSH'])
  }

  describe('scripts', () => {
    it('works after SCRIPT FLUSH', async () => {
      const { storage } = under()
      const key = { collection: freshName('flushed'), id: 'a' }
      const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: false }
      await forgetScripts()
      const { entry } = await storage.records.createOrRead(key, write)
      assert.ok(entry)
      await forgetScripts()
      const second = await storage.records.compareAndSet(key, entry.rev, {
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
      assert.ok((await storage.records.compareAndDelete(key, { rev: second.entry?.rev ?? 0 })).ok)
    })

    it('works when many find at once that the server has forgotten the script', async () => {
      const { storage } = under()
      const collection = freshName('flushed')
      const write = { writeId: 'w', value: 'v', ttlMs: 60_000, notify: false }
      await forgetScripts()
      const replies = await Promise.all(
        Array.from({ length: 100 }, (_, i) =>
          storage.records.createOrRead({ collection, id: `${i}` }, write),
        ),
      )
      assert.ok(replies.every(({ created }) => created))
    })
  })

  describe('prefixes', () => {
    it('keep apps apart, also where one begins like the other', async () => {
      const { client } = under()
      const prefixes = ['app', 'app.r', 'app-', 'App']
      const storages = prefixes.map((prefix) => redisStorage(client, { prefix }))
      const collection = freshName('shared')
      const key = { collection, id: 'same' }
      for (const [i, { records, values }] of storages.entries()) {
        const write = { writeId: 'w', value: `${prefixes[i]}`, ttlMs: 60_000, notify: false }
        assert.ok((await records.createOrRead(key, write)).created, `${prefixes[i]} is empty`)
        assert.equal(await values.get(collection), null)
        await values.set(collection, `${prefixes[i]}`, 60_000)
      }
      for (const [i, { records, values }] of storages.entries()) {
        const page = await records.list(collection, { limit: 9 })
        assert.deepEqual(
          page.records.map(({ entry }) => entry.value),
          [prefixes[i]],
        )
        assert.equal(await values.get(collection), prefixes[i])
      }
    })

    it('are refused when they could run into names', () => {
      for (const prefix of ['', 'a:b', '{a', 'a}', 'a b', 'ä', 'a'.repeat(65)]) {
        assert.throws(() => redisStorage(under().client, { prefix }), { code: 'INVALID_ARGUMENT' }, prefix)
      }
      return Promise.resolve()
    })
  })

  describe('errors', () => {
    it('of the server are refusals with the cause', async () => {
      const { client, storage } = under()
      const key = freshName('wrong type')
      await client.send(['RPUSH', `kit:v:${key}`, 'a list'], `kit:v:${key}`)
      await assert.rejects(storage.values.get(key), (error: Error & { code?: string }) => {
        assert.equal(error.code, 'STORAGE_REFUSED')
        assert.match(error.message, /WRONGTYPE.*prefix/)
        assert.match((error.cause as Error).message, /^WRONGTYPE/)
        return true
      })
      await client.send(['DEL', `kit:v:${key}`], `kit:v:${key}`)
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
