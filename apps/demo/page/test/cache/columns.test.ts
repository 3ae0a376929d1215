import { expect, it } from 'vitest'
import { columnWords, columnsOf, namespaceRows, topOf } from '../../src/cache/columns.ts'
import type { CacheCounts, CacheState } from '../../src/model/model.ts'

const counts = (more: Partial<CacheCounts>): CacheCounts => ({
  fromMemory: 0,
  fromRedis: 0,
  shared: 0,
  loaded: 0,
  refusedFills: 0,
  bypassed: 0,
  ...more,
})

const cache: CacheState = {
  lately: [],
  sharing: [],
  bins: new Map([
    [2_000, counts({ fromRedis: 3 })],
    [4_000, counts({ fromMemory: 1, loaded: 2, bypassed: 1, refusedFills: 1 })],
    [8_000, counts({ shared: 5 })],
  ]),
  namespaces: new Map([
    ['git', counts({ fromRedis: 3, loaded: 1 })],
    ['analysis', counts({ fromMemory: 1, shared: 5, loaded: 2, bypassed: 1, refusedFills: 1 })],
  ]),
}

it('has the columns that a stretch of time touches', () => {
  expect(columnsOf(cache, 3_900, 8_000).map(({ at }) => at)).toEqual([2_000, 4_000])
})

it('counts loads that ran without Redis among the loads', () => {
  const column = columnsOf(cache, 4_000, 6_000)[0]
  expect(column?.counts).toEqual({ memory: 1, redis: 0, shared: 0, loaded: 3 })
  expect(column?.total).toBe(4)
  expect(columnWords(column)).toBe('1 from memory · 3 loaded · 1 old values refused')
})

it('sums by namespace, the busiest first', () => {
  expect(namespaceRows(cache)).toEqual([
    { namespace: 'analysis', reads: 9, found: 6, loads: 3, refusedFills: 1 },
    { namespace: 'git', reads: 4, found: 3, loads: 1, refusedFills: 0 },
  ])
})

it('has an axis that ends in a round number above the tallest column', () => {
  const tall = (total: number) => ({
    at: 0,
    counts: { memory: total, redis: 0, shared: 0, loaded: 0 },
    total,
    refusedFills: 0,
  })
  expect([[], [tall(3)], [tall(5)], [tall(23)], [tall(41)], [tall(100)]].map(topOf)).toEqual([
    4, 4, 6, 40, 60, 100,
  ])
})
