/** The table of docs/features/cache.md that maps the original's operations to ours does what it says, row by row. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { compileFunction } from 'node:vm'
import { afterAll, describe, expect, it } from 'vitest'
import { type Cache, type Locks, createHoldfast, memoryStorage } from '@holdfast/core'

type Run = (cache: Cache, locks: Locks) => Promise<unknown>

const document = readFileSync(resolve(import.meta.dirname, '../../docs/features/cache.md'), 'utf8')
const [, section = ''] = document.split('## The thirteen operations of the original')
const rows = Array.from(
  section.matchAll(/^\| ([a-z ]+) \| `(.+)` \| `(.+)` \|$/gm),
  ([, operation = '', ours = '', result = '']) => ({ operation, ours, result }),
)

function compiled(code: string): Run {
  return compileFunction(`return (async () => await (${code}))()`, ['cache', 'locks']) as Run
}

describe('the operations of the original', () => {
  const { cache, locks, close } = createHoldfast({ storage: memoryStorage() })
  afterAll(async () => await close())

  it('are thirteen', () => {
    expect(rows.map(({ operation }) => operation).sort()).toEqual([
      'acquire lock',
      'decrement',
      'exists',
      'get',
      'get or create',
      'hash delete',
      'hash get',
      'hash get all',
      'hash set',
      'increment',
      'remove',
      'remove by pattern',
      'set',
    ])
  })

  it.each(rows)('$operation: $ours gives $result', async ({ ours, result }) => {
    expect(await compiled(ours)(cache, locks)).toEqual(await compiled(result)(cache, locks))
  })
})
