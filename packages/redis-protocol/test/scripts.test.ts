import { join } from 'node:path'
import { scriptFaults, scriptsIn } from '@holdfast/test-support/scripts'
import { describe, expect, it } from 'vitest'

const scripts = await scriptsIn(join(import.meta.dirname, '../src'))

it('finds the scripts of every facet', () => {
  const facets = new Set(scripts.map(({ name }) => name.split('.')[0]))
  expect(facets).toEqual(new Set(['leases', 'records', 'values']))
  expect(new Set(scripts.map(({ name }) => name)).size).toBe(scripts.length)
})

describe.for(scripts.map((script) => [script.name, script] as const))('%s', ([, script]) => {
  const { source, sha1, once = '' } = script
  const code = source.replace(/--.*$/gm, '')

  it('keeps the rules of scripts', () => {
    expect(scriptFaults(script)).toEqual([])
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
})
