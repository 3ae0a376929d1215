import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Table } from '../../src/model/table.ts'

const change = fc.record({
  /** The version that is changed: often not the newest one. */
  of: fc.nat(),
  sets: fc.array(fc.tuple(fc.nat(40), fc.nat(9))),
  deletes: fc.array(fc.nat(40)),
})

const FEW = 500

describe('a table', () => {
  it('holds what a map would, in every version, whatever others were made of it', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.boolean(), (changes, isLarge) => {
        const first = isLarge
          ? Array.from({ length: FEW }, (_, index) => [`of ${index}`, index] as const)
          : []
        const versions = [{ table: Table.of(new Map(first)), map: new Map<string, number>(first) }]
        for (const { of, sets, deletes } of changes) {
          const before = versions[of % versions.length] ?? versions[0]
          if (before === undefined) continue
          const [table, map] = [Table.of(before.table), new Map(before.map)]
          for (const [key, value] of sets) {
            table.set(`key ${key}`, value)
            map.set(`key ${key}`, value)
          }
          for (const key of deletes) {
            table.delete(`key ${key}`)
            map.delete(`key ${key}`)
          }
          versions.push({ table, map })
        }
        for (const { table, map } of versions) {
          expect(new Map(table)).toEqual(map)
          expect(table.size).toBe(map.size)
          expect([...map.keys()].every((key) => table.has(key) && table.get(key) === map.get(key))).toBe(true)
          expect(table.has('none')).toBe(false)
        }
      }),
      { numRuns: 100 },
    )
  })

  it('keeps the order of arrival, and forgets what is gone', () => {
    let table = new Table<number>()
    for (let index = 0; index < 5_000; index += 1) {
      table = Table.of(table)
      table.set(`${index}`, index)
      table.delete(`${index - 10}`)
    }
    expect([...table.values()]).toEqual(Array.from({ length: 10 }, (_, index) => 4_990 + index))
  })
})
