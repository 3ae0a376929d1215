import { globSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Script } from '../src/script.ts'

const src = join(import.meta.dirname, '../src')
const scripts: Script<readonly string[], readonly string[]>[] = []
for (const file of globSync('**/*.ts', { cwd: src })) {
  if (file.startsWith('testing/')) continue
  const module: Record<string, unknown> = await import(join(src, file))
  for (const exported of Object.values(module)) {
    if (typeof exported === 'object' && exported !== null && 'sha1' in exported)
      scripts.push(exported as never)
  }
}

it('finds the scripts of every facet', () => {
  const facets = new Set(scripts.map(({ name }) => name.split('.')[0]))
  expect(facets).toEqual(new Set(['leases', 'records', 'values']))
  expect(new Set(scripts.map(({ name }) => name)).size).toBe(scripts.length)
})

describe.for(scripts.map((script) => [script.name, script] as const))(
  '%s',
  ([, { source, keys, args, sha1, once = '' }]) => {
    const code = source.replace(/--.*$/gm, '')
    const highest = (table: string): number =>
      Math.max(
        0,
        ...[...code.matchAll(new RegExp(`\\b${table}\\[(\\d+)\\]`, 'g'))].map(([, index]) => Number(index)),
      )

    it('uses exactly the keys and arguments that it is called with', () => {
      expect(highest('KEYS')).toBe(keys)
      expect(highest('ARGV')).toBe(args)
    })

    it('says in its first lines what it is for, what it takes and what it returns', () => {
      const header = source.slice(0, source.search(/^(?!--)/m))
      expect(header).toMatch(/^-- [A-Z].*\n-- KEYS: 1 /)
      if (args > 0) expect(header).toMatch(/\n-- ARGV: 1 /)
      expect(header).toMatch(/\n-- Returns /)
      for (let i = 2; i <= keys; i += 1) expect(header).toMatch(new RegExp(`KEYS: .*\\b${i} `))
      for (let i = 2; i <= args; i += 1) expect(header).toMatch(new RegExp(`ARGV: [^]*\\b${i} `))
    })

    it('runs on Redis 6.2: no shebang, and keys only as they were declared', () => {
      expect(source).not.toMatch(/^#!/)
      // What comes first in a call is a declared key, or a channel; names are never put together.
      for (const [, command = '', first = ''] of code.matchAll(/\bcall\('([A-Z]+)'(?:, ([^,)]+))?/g)) {
        if (['TIME', 'PUBLISH'].includes(command)) continue
        expect(first, `${command} ${first}`).toMatch(/^KEYS\[\d\]$/)
      }
    })

    it('leaves no number to tostring, which writes 1.7e+15', () => {
      expect(code).not.toMatch(/\btostring\b/)
    })

    it('lets no refusal of PUBLISH break a write', () => {
      expect(code).not.toMatch(/\bcall\('PUBLISH'/)
      expect(code.match(/'PUBLISH'/g)?.length ?? 0).toBe(code.match(/redis\.pcall\('PUBLISH'/g)?.length ?? 0)
    })

    it('has in its source what a batch does once', () => {
      expect(source).toContain(once)
    })

    it('has the hash of its source', async () => {
      const digest = await crypto.subtle.digest('SHA-1', new TextEncoder().encode(source))
      expect(sha1).toBe(Buffer.from(digest).toString('hex'))
    })
  },
)
