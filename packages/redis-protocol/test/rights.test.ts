import { readFileSync } from 'node:fs'
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
