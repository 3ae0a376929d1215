import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Storage, memoryStorage } from '@holdfast/core'
import { recordsKit } from '../src/testing/records/records-kit.ts'
import { recordsWalk } from '../src/testing/records/records-walk.ts'
import { invalidationsKit } from '../src/testing/values/invalidations-kit.ts'
import { valuesKit } from '../src/testing/values/values-kit.ts'

const runner = { describe, it, beforeAll, afterAll }

/** A memory storage whose clock stands still until the kit moves it. */
async function open(): Promise<{
  storage: Storage
  elapse: (ms: number) => Promise<void>
  close: () => Promise<void>
}> {
  let now = 1_800_000_000_000
  const storage = memoryStorage({ now: () => now })
  const elapse = async (ms: number): Promise<void> => void (now += ms)
  return { storage, elapse, close: () => storage.close() }
}

recordsKit(runner, open)
recordsWalk(runner, open, { seeds: 200 })
valuesKit(runner, open)
invalidationsKit(runner, open)

describe('memory storage', () => {
  it('keeps a record for all of its time, by fractions of its clock that no stamp shows', async () => {
    let now = 1_000.7
    const { records } = memoryStorage({ now: () => now })
    const key = { collection: 'c', id: 'k' }
    const write = (writeId: string) => ({ writeId, value: writeId, ttlMs: 10, notify: false })
    await records.put(key, null, write('first'))
    now = 1_010.6
    // An answer that shows it is dated before the end that it shows.
    const { entry, now: shown } = await records.read(key)
    expect([entry?.writtenAt, entry?.expiresAt, shown]).toEqual([1_000, 1_010, 1_009])
    expect(await records.put(key, 1, write('other'))).toMatchObject({ outcome: 'conflict', now: 1_009 })
    now = 1_010.8
    expect(await records.read(key)).toEqual({ entry: null, now: 1_010 })
    await records.put(key, null, write('second'))
    now = 1_020.7
    const { rev = 0 } = (await records.read(key)).entry ?? {}
    // What is written then has the true stamp.
    const { entry: third } = await records.put(key, rev, write('third'))
    expect([third?.writtenAt, third?.expiresAt]).toEqual([1_020, 1_030])
  })

  it('drops expired records even if no call reads them', async () => {
    let now = 0
    const { records } = memoryStorage({ now: () => now })
    const write = (writeId: string) => ({ writeId, value: 'x', ttlMs: 10, notify: false })
    for (let i = 0; i < 1_000; i += 1) {
      await records.put({ collection: 'c', id: `${i}` }, null, write(`${i}`))
      now += 1
    }
    // A page counts stored records, expired or not: a further page would show that more were kept.
    const { cursor } = await records.list('c', { limit: 50 })
    expect(cursor).toBeUndefined()
  })

  it('drops values that have expired although no call reads them', async () => {
    let now = 0
    const { values } = memoryStorage({ now: () => now })
    for (let i = 0; i < 1_000; i += 1) {
      await values.set(`${i}`, 'x', 10, Infinity)
      now += 1
    }
    const { scanned } = await values.removeMatching({ prefix: '', glob: '' })
    expect(scanned).toBeLessThan(50)
  })
})
