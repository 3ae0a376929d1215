import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { allCodes, explainCode } from '@holdfast/cli/codes'
import { describe, expect, it } from 'vitest'
import { explainAlert } from '../../src/commands/alerts.ts'

const root = resolve(import.meta.dirname, '../../../..')
const operations = resolve(root, 'docs/operations/index.md')

describe('the table of codes', () => {
  it('has the findings that the page on operations lists', () => {
    const listed = readFileSync(operations, 'utf8')
      .split('\n')
      .flatMap((line) => /^\| ((?:`[A-Z_]+`(?:, )?)+) \|/.exec(line)?.[1]?.match(/[A-Z_]+/g) ?? [])
    expect(listed.length).toBeGreaterThan(10)
    expect(listed.filter((code) => explainCode(code) === undefined)).toEqual([])
  })

  it('says of each what it means and what to do, in whole sentences', () => {
    for (const { code, means, doThis } of allCodes()) {
      expect(means, code).toMatch(/^[A-Z].*\.$/)
      expect(doThis, code).toMatch(/^[A-Za-z].*\.$/)
    }
  })

  it('finds a code however it is written, and nothing that is none', () => {
    expect(explainCode(' lease_lost')).toMatchObject({ code: 'LEASE_LOST', kind: 'error' })
    expect(explainCode('LEASE')).toBeUndefined()
    expect(explainCode('toString')).toBeUndefined()
  })
})

it('every alert is explained by the name that a page shows, with its entry of the runbook', () => {
  const rules = readFileSync(resolve(root, 'examples/operations/prometheus/holdfast.rules.yml'), 'utf8')
  const names = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
  expect(new Set(names).size).toBe(7)
  const runbook = readFileSync(resolve(root, 'docs/operations/runbook.md'), 'utf8')
  for (const name of names) {
    expect(runbook).toContain(`\n### ${name}\n`)
    expect(explainAlert(name.toUpperCase())).toMatchObject({
      code: name,
      doThis: expect.stringMatching(new RegExp(`runbook\\.md#${name.toLowerCase()}$`)),
    })
  }
  expect(explainAlert('toString')).toBeUndefined()
})
