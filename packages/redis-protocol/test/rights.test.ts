import { globSync, readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { aclRules } from '../src/index.ts'

it('the documented ACL rule to copy is that of the code', () => {
  const document = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
  expect(document.match(/^ACL SETUSER .*$/gm)).toEqual([
    `ACL SETUSER holdfast on >a-long-password ${aclRules().join(' ')}`,
    `ACL SETUSER shop on >a-long-password ${aclRules({ prefix: 'shop' }).join(' ')}`,
  ])
})

it('another prefix reaches its own keys and channels only', () => {
  const reach = (options: object) => aclRules(options).filter((rule) => /^[~&]/.test(rule))
  expect(reach({ namespace: 'kit' })).toEqual(['~kit:*', '~{kit:*', '&kit:v:*', '&{kit:*'])
  expect(reach({ prefix: 'shop' })).toEqual([
    '~holdfast:v:shop:*',
    '~{holdfast:r:shop:*',
    '~{holdfast:l:shop:*',
    '&holdfast:v:shop:*',
    '&{holdfast:r:shop:*',
    '&{holdfast:l:shop:*',
    '&{holdfast:w:*',
  ])
})

it.each([
  ['shop*', 'shop\\*'],
  ['[shop]?', '\\[shop\\]\\?'],
  ['eu:shop', 'eu%253Ashop'],
  ['{shop}', '%7Bshop%7D'],
])('the prefix %s stands for itself in a rule', (prefix, inTag) => {
  expect(aclRules({ prefix })).toContain(`~{holdfast:r:${inTag}:*`)
})

it('a prefix with a space gets no separate rules, which Redis would refuse', () => {
  expect(() => aclRules({ prefix: 'my shop' })).toThrow(/space/)
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
