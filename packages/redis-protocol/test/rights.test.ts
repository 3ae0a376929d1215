import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { aclRules } from '../src/index.ts'

it('the line to copy is what the code says', () => {
  const document = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
  const [line] = /^ACL SETUSER .*$/m.exec(document) ?? []
  expect(line).toBe(`ACL SETUSER holdfast on >a-long-password ${aclRules().join(' ')}`)
})

it('another prefix reaches its own keys and channels only', () => {
  expect(aclRules({ prefix: 'app' }).filter((rule) => /^[~&]/.test(rule))).toEqual([
    '~app:*',
    '~{app:*',
    '&{app:*',
  ])
})

it('every command that a script or a call names is allowed, and no other', () => {
  const cwd = new URL('../src', import.meta.url).pathname
  const sources = globSync('**/*.ts', { cwd, exclude: (path) => path.startsWith('testing') })
  const text = sources.map((path) => readFileSync(`${cwd}/${path}`, 'utf8')).join('\n')
  const named = [...text.matchAll(/(?:call\(|send\(\[|send\(|= \[|, \[)'([A-Z]+)'/g)].map(([, word = '']) =>
    word.toLowerCase(),
  )
  // These come with categories; `config` has a subcommand.
  const inCategories = ['ping', 'publish', 'spublish', 'pubsub', 'config']
  const allowed = aclRules().flatMap((rule) => (/^\+[a-z]+$/.test(rule) ? [rule.slice(1)] : []))
  expect([...new Set(named)].filter((word) => !inCategories.includes(word)).sort()).toEqual(allowed.sort())
})
