import assert from 'node:assert/strict'
import type { ListReply, RecordEntry, RecordKey, RecordStorage, RecordWrite } from '../../storage/records.ts'
import { type OpenStorage, freshName } from '../runner.ts'

/** The storage, with the writes as tests make them: for a minute, without a hint. */
export interface RecordsUnderTest extends Pick<OpenStorage, 'elapse' | 'exhaustMemory'> {
  records(): RecordStorage
  time(): Promise<number>
  freshKey(): RecordKey
  write(value: string, more?: Partial<RecordWrite>): RecordWrite
  /** Creates what has to be absent. */
  created(key: RecordKey, value: string, more?: Partial<RecordWrite>): Promise<RecordEntry>
  /** All pages of a collection. */
  listed(collection: string, limit: number): Promise<ListReply['records'][]>
}

export function recordsUnderTest(under: OpenStorage): RecordsUnderTest {
  const records = (): RecordStorage => under.storage.records
  let writes = 0
  const write: RecordsUnderTest['write'] = (value, more) => ({
    writeId: `w${(writes += 1)}-${Math.random()}`,
    value,
    ttlMs: 60_000,
    notify: false,
    ...more,
  })
  return {
    records,
    write,
    time: () => under.storage.time(),
    elapse: under.elapse,
    exhaustMemory: () => under.exhaustMemory(),
    freshKey: () => ({ collection: freshName('collection'), id: freshName('id') }),
    async created(key, value, more) {
      const reply = await records().put(key, null, write(value, more))
      assert.ok(reply.outcome === 'written', 'the key was expected to be free')
      return reply.entry
    },
    async listed(collection, limit) {
      const pages: ListReply['records'][] = []
      let cursor: string | undefined
      do {
        const page = await records().list(collection, cursor === undefined ? { limit } : { limit, cursor })
        pages.push(page.records)
        ;({ cursor } = page)
        assert.ok(pages.length < 100, 'the walk ends')
      } while (cursor !== undefined)
      return pages
    },
  }
}
