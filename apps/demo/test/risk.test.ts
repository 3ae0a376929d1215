import { expect, it } from 'vitest'
import type { ChangedFile } from '../src/review/diff.ts'
import type { Finding } from '../src/review/reviewer.ts'
import { riskInWords, riskOf, scoreIn } from '../src/review/risk.ts'

const file = (path: string, lines = 1): ChangedFile => ({
  path,
  kind: 'modified',
  type: 'file',
  binary: false,
  tooLarge: false,
  addedLines: Array.from({ length: lines }, (_, index) => ({ line: index + 1, text: 'x' })),
  deletions: 0,
})

const finding = (severity: Finding['severity'], category: Finding['category'] = 'bug'): Finding => ({
  file: 'a.ts',
  severity,
  category,
  rule: 'r',
  message: 'm',
  suggestion: 's',
})

const never = new Map<string, number>()

it('is low for a small change without findings', () => {
  expect(riskOf([file('a.ts', 30)], [], never)).toEqual({
    score: 1,
    level: 'low',
    factors: [{ points: 1, reason: '30 changed lines' }],
  })
})

it('adds up findings, size, places and history, each up to its limit', () => {
  const warnings = Array.from({ length: 9 }, () => finding('warning'))
  const files = Array.from({ length: 30 }, (_, index) => file(`src/${index}.ts`, 40))
  const { score, level, factors } = riskOf(
    [
      ...files,
      file('db/1.sql'),
      file('src/login.ts'),
      file('package.json'),
      file('package-lock.json', 9_000),
    ],
    warnings,
    new Map([
      ['src/0.ts', 12],
      ['src/1.ts', 10],
      ['src/2.ts', 99],
      ['src/3.ts', 9],
    ]),
  )
  expect(factors.map(({ points, reason }) => `${points} ${reason}`)).toEqual([
    '20 9 warnings',
    '25 1203 changed lines',
    '10 33 files',
    '20 it touches authentication or security, the database schema, dependencies',
    '10 3 files with many changes lately',
  ])
  expect([score, level]).toEqual([85, 'high'])
})

it('is medium at least with an error, and high with one of security', () => {
  expect(riskOf([file('a.ts')], [finding('error')], never)).toMatchObject({ score: 30, level: 'medium' })
  expect(riskOf([file('a.ts')], [finding('error', 'security')], never)).toMatchObject({
    score: 60,
    level: 'high',
  })
  expect(riskOf([file('a.ts')], [finding('warning', 'security')], never).level).toBe('low')
})

it('is read from the words that say it', () => {
  expect(scoreIn(`By somebody: ${riskInWords({ score: 72, level: 'high', factors: [] })}.`)).toBe(72)
  expect(scoreIn('nothing')).toBeNull()
})
