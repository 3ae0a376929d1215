import { globSync } from 'node:fs'
import { join } from 'node:path'
import type { Script } from '@holdfast/redis-protocol'
import { describe, expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')
const scripts = new Map<string, Script<readonly string[], readonly string[]>>()
for (const file of globSync('**/*.ts', { cwd: src })) {
  const module: Record<string, unknown> = await import(join(src, file))
  for (const exported of Object.values(module)) {
    if (typeof exported !== 'object' || exported === null || !('sha1' in exported)) continue
    const script = exported as Script<readonly string[], readonly string[]>
    scripts.set(script.name, script)
  }
}

it('finds the scripts', () => {
  expect(scripts.size).toBeGreaterThanOrEqual(5)
})

describe.for([...scripts])('%s', ([, { source, keys, args }]) => {
  const code = source.replace(/--.*$/gm, '')
  const highest = (table: string): number =>
    Math.max(
      0,
      ...Array.from(code.matchAll(new RegExp(`\\b${table}\\[(\\d+)\\]`, 'g')), ([, at]) => Number(at)),
    )

  it('uses exactly the keys and arguments that it is called with, and says so in its first lines', () => {
    expect([highest('KEYS'), highest('ARGV')]).toEqual([keys, args])
    const header = source.slice(0, source.search(/^(?!--)/m))
    expect(header).toMatch(/^-- [A-Z].*\n-- KEYS: 1 /)
    if (args > 0) expect(header).toMatch(/\n-- ARGV: 1 /)
    expect(header).toMatch(/\n-- Returns /)
    for (let i = 2; i <= keys; i += 1) expect(header).toMatch(new RegExp(`KEYS: .*\\b${i} `))
    for (let i = 2; i <= args; i += 1) expect(header).toMatch(new RegExp(`ARGV: [^]*\\b${i} `))
  })

  it('touches only keys that it declares, and leaves no number to tostring', () => {
    expect(source).not.toMatch(/^#!/)
    expect(code).not.toMatch(/\btostring\b/)
    for (const [, command = '', first = ''] of code.matchAll(/\bp?call\('([A-Z]+)'(?:, ([^,)]+))?/g)) {
      if (['TIME', 'PUBLISH'].includes(command)) continue
      expect(first, `${command} ${first}`).toMatch(/^KEYS\[\d\]$/)
    }
  })
})
