import assert from 'node:assert/strict'
import type { Storage } from '@holdfast/core'
import { type TestRunner, freshName } from '@holdfast/core/testing'
import { BUCKETS, createKeys } from '../keys.ts'
import { redisStorage } from '../storage.ts'
import type { OpenRedis } from './redis-under-test.ts'

/** The indexes of collections: they forget in time, never too early, and never live for ever. */
export function indexKit({ describe, it }: TestRunner, under: () => OpenRedis): void {
  const keys = createKeys('kit')
  const records = (): Storage['records'] => under().storage.records
  let writes = 0
  const create = async (collection: string, id: string, ttlMs: number) => {
    const write = { writeId: `w${(writes += 1)}`, value: id, ttlMs, notify: false }
    const { entry } = await records().put({ collection, id }, null, write)
    assert.ok(entry)
    return entry
  }
  /** Ids that all fall into the first bucket. */
  const idsOfOneBucket = (collection: string, count: number): string[] => {
    const ids: string[] = []
    for (let i = 0; ids.length < count; i += 1) {
      const id = `id-${i}`
      if (keys.record({ collection, id }).index === keys.index(collection, 0)) ids.push(id)
    }
    return ids
  }
  const askIndex = async (collection: string, bucket: number, command: string): Promise<number> => {
    const index = keys.index(collection, bucket)
    return Number(await under().client.send([command, index], index))
  }
  const listAll = async (collection: string, limit: number, between = async () => {}): Promise<string[]> => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await records().list(collection, cursor === undefined ? { limit } : { limit, cursor })
      seen.push(...page.records.map(({ id }) => id))
      ;({ cursor } = page)
      await between()
    } while (cursor !== undefined)
    return seen
  }

  describe('the index of a collection', () => {
    it('lives as long as its records, and not for ever', async () => {
      const collection = freshName('lifetimes')
      const [day, hour] = [86_400_000, 3_600_000]
      const [long = '', short = '', longer = '', renewed = ''] = idsOfOneBucket(collection, 4)
      await create(collection, long, day)
      const first = await askIndex(collection, 0, 'PTTL')
      assert.ok(first >= day && first < 4 * day, `${first}`)
      await create(collection, short, hour)
      assert.ok(
        (await askIndex(collection, 0, 'PTTL')) >= first - 60_000,
        'a short record does not shorten it',
      )
      await create(collection, longer, 30 * day)
      assert.ok((await askIndex(collection, 0, 'PTTL')) >= 30 * day, 'a long record lengthens it')
      const { rev } = await create(collection, renewed, hour)
      const write = { writeId: 'renewal', value: '', ttlMs: 300 * day, notify: false }
      await records().put({ collection, id: renewed }, rev, write)
      assert.ok((await askIndex(collection, 0, 'PTTL')) >= 300 * day, 'and so does a renewal')
      for (const bucket of Array.from({ length: BUCKETS }, (_, i) => i)) {
        assert.notEqual(await askIndex(collection, bucket, 'PTTL'), -1, 'no index is without a time to live')
      }
    })

    it('lives as long as its records, also when who creates one has found another there before', async () => {
      const collection = freshName('found')
      const [day, hour] = [86_400_000, 3_600_000]
      const [there = '', added = ''] = idsOfOneBucket(collection, 2)
      await create(collection, there, hour)
      const another = redisStorage(under().client, { namespace: 'kit' }).records
      const write = { writeId: 'another', value: '', ttlMs: day, notify: false }
      assert.equal((await another.put({ collection, id: there }, null, write)).outcome, 'conflict')
      assert.equal((await another.put({ collection, id: added }, null, write)).outcome, 'written')
      assert.ok((await askIndex(collection, 0, 'PTTL')) >= day)
    })

    it('has one after everything else was flushed away', async () => {
      const collection = freshName('flushed')
      const [first = '', second = ''] = idsOfOneBucket(collection, 2)
      await create(collection, first, 60_000)
      const index = keys.index(collection, 0)
      await under().client.send(['UNLINK', index], index)
      await create(collection, second, 60_000)
      assert.ok((await askIndex(collection, 0, 'PTTL')) > 0)
    })

    it('forgets what has expired, so that it does not grow with time', async () => {
      const collection = freshName('bounded')
      const ids = idsOfOneBucket(collection, 1_200)
      const living = ids.splice(0, 40)
      for (const id of living) await create(collection, id, 60_000)
      for (const batch of [ids.splice(0, 400), ids.splice(0, 400), ids]) {
        await Promise.all(batch.map((id) => create(collection, id, 1)))
        const until = (await under().storage.time()) + 3
        while ((await under().storage.time()) < until);
      }
      assert.ok((await askIndex(collection, 0, 'LLEN')) < 900, 'not all of them are there')
      assert.deepEqual((await listAll(collection, 25)).sort(), living.sort())
    })

    it('shows each record once, however often it was listed', async () => {
      const collection = freshName('once')
      const [id = ''] = idsOfOneBucket(collection, 1)
      let { rev } = await create(collection, id, 60_000)
      for (let i = 1; i <= 5; i += 1) {
        const write = { writeId: `renewal${i}`, value: `${i}`, ttlMs: 600_000 * 3 ** i, notify: false }
        const reply = await records().put({ collection, id }, rev, write)
        assert.ok(reply.entry)
        ;({ rev } = reply.entry)
      }
      assert.equal(await askIndex(collection, 0, 'LLEN'), 7, 'it was listed six times, behind the count')
      await records().compareAndDelete({ collection, id }, { rev })
      assert.deepEqual(await listAll(collection, 10), [])
      await create(collection, id, 60_000)
      assert.deepEqual(await listAll(collection, 2), [id])
    })

    it('is walked to its end while it is rewritten from the front', async () => {
      const collection = freshName('rewritten')
      const ids = idsOfOneBucket(collection, 700)
      const lasting = ids.splice(0, 200)
      for (const id of lasting) await create(collection, id, 60_000)
      const seen = await listAll(collection, 7, async () => {
        await Promise.all(ids.splice(0, 16).map((id) => create(collection, id, 60_000)))
      })
      const missing = lasting.filter((id) => !seen.includes(id))
      assert.deepEqual(missing, [])
    })
  })
}
