import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StorageUnavailableError } from '../../src/errors.ts'
import { Journal, type JournalEntry, type JournalWork } from '../../src/cache/journal.ts'

const ROOT = ''

function open(maxEntries = 1_000) {
  const journal = new Journal({ maxEntries, root: ROOT, clearScope: (scope) => `g:${scope}` })
  const done: string[] = []
  const note = async (work: JournalWork): Promise<void> => {
    done.push(work.kind === 'keys' ? work.keys.join(' ') : `${work.prefix}|${work.glob}`)
  }
  return { journal, done, note }
}

const keys = (scope: string, ...names: string[]): JournalEntry => ({ kind: 'keys', scope, keys: names })
const pattern = (scope: string, glob: string): JournalEntry => ({
  kind: 'pattern',
  scope,
  prefix: `${scope}:`,
  glob,
})

describe('the journal of removals', () => {
  it('executes each once, in the order of the last asking, keys together', async () => {
    const { journal, done, note } = open()
    journal.add(keys('a', 'k1', 'k2'))
    journal.add({ kind: 'generation', scope: 'a', key: 'tag' })
    journal.add(pattern('a', '*'))
    journal.add(keys('a', 'k3', 'k1'))
    journal.add(pattern('a', '*'))
    expect(journal.size).toBe(5)
    await journal.drain(note)
    expect(done).toEqual(['k2 tag k3 k1', 'a:|*'])
    expect(journal.size).toBe(0)
    await journal.drain(note)
    expect(done).toHaveLength(2)
  })

  it('removes many keys in several commands', async () => {
    const { journal, done, note } = open(2_000)
    journal.add(keys('a', ...Array.from({ length: 1_200 }, (_, at) => `k${at}`)))
    await journal.drain(note)
    expect(done.map((each) => each.split(' ').length)).toEqual([500, 500, 200])
  })

  it('takes patterns for the same only if both of their parts are', () => {
    const { journal } = open()
    journal.add({ kind: 'pattern', scope: 'a', prefix: 'x', glob: 'y*' })
    journal.add({ kind: 'pattern', scope: 'a', prefix: 'xy', glob: '*' })
    expect(journal.size).toBe(2)
  })

  it('keeps a removal for each scope that asks for it, so that the clear of one does not cover it for another', async () => {
    const { journal, done, note } = open(3)
    for (const scope of ['a', 'b']) journal.add({ kind: 'pattern', scope, prefix: 'x', glob: '*' })
    journal.add(keys('b', 'k1', 'k2'))
    await journal.drain(note)
    expect(done).toEqual(['x|*', 'g:b'])
  })

  it('clears the scope that has the most where they are too many, and knows what that covers', async () => {
    const { journal, done, note } = open(5)
    journal.add(keys('a', 'k1'))
    journal.add(keys('b', 'k2', 'k3', 'k4'))
    journal.add(pattern('b', '*'))
    journal.add(keys('c', 'k5'))
    expect(journal.size).toBe(3)
    journal.add(keys('b', 'k6'))
    expect(journal.size).toBe(3)
    await journal.drain(note)
    expect(done).toEqual(['k1 k5 g:b'])
    // Afterwards its keys count again.
    journal.add(keys('b', 'k6'))
    await journal.drain(note)
    expect(done).toEqual(['k1 k5 g:b', 'k6'])
  })

  it('clears everything where many scopes have one each, and what they ask for then is covered', async () => {
    const { journal, done, note } = open(3)
    for (const scope of ['a', 'b', 'c', 'd', 'e']) journal.add(keys(scope, `k${scope}`))
    expect(journal.size).toBe(1)
    await journal.drain(note)
    expect(done).toEqual([`g:${ROOT}`])
  })

  it('ends when the storage is out, and keeps all that was not executed', async () => {
    const { journal, done, note } = open()
    journal.add(pattern('a', '1'))
    journal.add(pattern('a', '2'))
    journal.add(pattern('a', '3'))
    const error = new StorageUnavailableError('out', { maybeApplied: true })
    let calls = 0
    const draining = journal.drain(async (work) => {
      if ((calls += 1) === 2) throw error
      return note(work)
    })
    await expect(draining).rejects.toBe(error)
    expect([calls, journal.size]).toEqual([2, 2])
    await journal.drain(note)
    expect(done).toEqual(['a:|1', 'a:|2', 'a:|3'])
  })

  it('goes on with the rest after another refusal, keeps what failed, and says why', async () => {
    const { journal, done, note } = open()
    journal.add(pattern('a', '1'))
    journal.add(keys('a', 'k'))
    const error = new Error('no right to scan')
    const draining = journal.drain(async (work) => {
      if (work.kind === 'pattern') throw error
      return note(work)
    })
    await expect(draining).rejects.toBe(error)
    expect(done).toEqual(['k'])
    expect(journal.size).toBe(1)
  })

  it('executes again what is asked for again while it is executed, and what is new', async () => {
    const { journal, done, note } = open()
    journal.add(keys('a', 'k1', 'k2'))
    await journal.drain(async (work) => {
      await note(work)
      if (done.length === 1) journal.add(keys('a', 'k2', 'k3'))
    })
    expect(done).toEqual(['k1 k2', 'k2 k3'])
  })

  it('clears a scope again when something of it is removed during the clear', async () => {
    const { journal, done, note } = open(2)
    journal.add(keys('a', 'k1', 'k2', 'k3'))
    await journal.drain(async (work) => {
      await note(work)
      if (done.length === 1) journal.add(keys('a', 'k4'))
    })
    expect(done).toEqual(['g:a', 'g:a'])
    expect(journal.size).toBe(0)
  })

  it('drains once for all who ask', async () => {
    const { journal, done, note } = open()
    journal.add(keys('a', 'k'))
    await Promise.all([journal.drain(note), journal.drain(note)])
    expect(done).toEqual(['k'])
  })

  it('never holds more than its bound, and loses nothing: all that was asked for is executed or covered', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')
    const entry: fc.Arbitrary<JournalEntry> = fc.oneof(
      fc.record({
        kind: fc.constant('keys' as const),
        scope: name,
        keys: fc.array(name, { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant('pattern' as const), scope: name, prefix: name, glob: name }),
    )
    const run = async (entries: JournalEntry[], most: number, failAt: number): Promise<void> => {
      const { journal } = open(most)
      const removed = new Set<string>()
      // Keys of different scopes are different keys.
      const own = (each: JournalEntry): JournalEntry =>
        each.kind === 'keys' ? { ...each, keys: each.keys.map((key) => each.scope + key) } : each
      for (const each of entries.map(own)) {
        journal.add(each)
        expect(journal.size).toBeLessThanOrEqual(most)
      }
      let calls = 0
      const execute = async (work: JournalWork): Promise<void> => {
        if ((calls += 1) === failAt) throw new Error('refused')
        for (const what of work.kind === 'keys' ? work.keys : [`${work.prefix}|${work.glob}`])
          removed.add(what)
      }
      await journal.drain(execute).catch(() => journal.drain(execute))
      expect(journal.size).toBe(0)
      for (const each of entries.map(own)) {
        const whats =
          each.kind === 'keys' ? each.keys : each.kind === 'pattern' ? [`${each.prefix}|${each.glob}`] : []
        for (const what of whats)
          expect([what, `g:${each.scope}`, `g:${ROOT}`].some((done) => removed.has(done))).toBe(true)
      }
    }
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), fc.nat(4), run),
    )
  })
})
