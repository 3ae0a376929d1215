/** What the entries of this package export, in a file that a reviewer reads: a new name is a decision. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const src = resolve(import.meta.dirname, '../src')

function namesOf(entry: string): string[] {
  const lists = readFileSync(resolve(src, entry), 'utf8').matchAll(/^export (type )?\{([^}]*)\}/gm)
  const names = Array.from(lists, ([, type = '', list = '']) =>
    list
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== '')
      .map((name) => `${type}${name}`),
  )
  return names.flat().sort((a, b) => (a.replace('type ', '') < b.replace('type ', '') ? -1 : 1))
}

describe('the surface', () => {
  it.each([
    ['index.ts', 'core.txt'],
    ['storage/index.ts', 'core-storage.txt'],
  ])('of %s is what surface/%s lists', async (entry, file) => {
    const names = namesOf(entry)
    await expect(`${names.join('\n')}\n`).toMatchFileSnapshot(`surface/${file}`)
  })

  it('exports no name twice, and none that a list would hide', () => {
    for (const entry of ['index.ts', 'storage/index.ts']) {
      expect(new Set(namesOf(entry)).size).toBe(namesOf(entry).length)
      expect(readFileSync(resolve(src, entry), 'utf8')).not.toMatch(/^export (type )?\*/m)
    }
  })
})
