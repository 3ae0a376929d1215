/** The local reviewer over the bundled sample: what of its faults is found, and what is found that is none. */
import { createHoldfast, memoryStorage } from '@holdfast/core'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type GitRepository, openRepository } from '../src/review/git-repository.ts'
import { localReviewer } from '../src/review/local-reviewer.ts'
import { requestFor } from '../src/review/review-range.ts'
import { CATEGORIES, type Finding, type ReviewRequest } from '../src/review/reviewer.ts'
import { suggestionsOf } from '../src/review/suggestions.ts'
import { accuracyOf } from '../src/sample/accuracy.ts'
import { makeSample } from '../src/sample/make-sample.ts'
import { plantedFaults } from '../src/sample/planted.ts'
import type { Planted } from '../src/sample/sample-files.ts'
import { accuracyInWords } from '../src/sample/words.ts'
import { temporaryFolder } from './repository.ts'

const never = new AbortController().signal

async function sampleRequest(finish = onTestFinished): Promise<ReviewRequest> {
  const git: GitRepository = await openRepository(await makeSample(join(temporaryFolder(finish), 'shop')))
  return await requestFor(git, await git.resolveRange(), 100)
}

describe('the planted faults', () => {
  let findings: readonly Finding[]
  let planted: readonly Planted[]
  beforeAll(async () => {
    const ends: (() => void | Promise<void>)[] = []
    const request = await sampleRequest((end) => void ends.push(end as () => void))
    ;({ findings } = await localReviewer().review(request, never))
    planted = await plantedFaults()
    return async () => {
      for (const end of ends) await end()
    }
  })

  it('are found, each on its line, but for those that need a reader; and nothing else is', () => {
    const accuracy = accuracyOf(planted, findings)
    console.log(accuracyInWords(planted, accuracy))
    expect(accuracy.wrong).toEqual([])
    expect(accuracy.missed.map(({ rule }) => rule).filter((rule) => !rule.startsWith('human/'))).toEqual([])
    expect(accuracy.missed).toHaveLength(4)
    expect(accuracy.recall).toBeCloseTo(60 / 64, 5)
  })

  it('are of every category and in several languages, and each has a way out', () => {
    expect(new Set(planted.map(({ category }) => category))).toEqual(new Set(CATEGORIES))
    const languages = new Set(planted.map(({ file }) => /[^/.]+$/.exec(file)?.[0]))
    expect([...languages]).toEqual(
      expect.arrayContaining(['ts', 'js', 'py', 'cs', 'sql', 'yaml', 'sh', 'json', 'Dockerfile']),
    )
    for (const { message, suggestion } of findings) {
      expect(message).toMatch(/\w/)
      expect(suggestion).toMatch(/\w/)
    }
    expect(suggestionsOf(findings)).toHaveLength(20)
  })

  it('are shown without the secrets themselves', () => {
    const told = JSON.stringify(findings)
    expect(told).toContain('secret/aws')
    expect(told).not.toMatch(/AKIA[0-9A-Z]{16}|ghp_\w{36}/)
  })
})

describe('the accuracy', () => {
  const fault: Planted = { file: 'a.ts', line: 2, category: 'bug', rule: 'a/b' }
  const finding = { ...fault, severity: 'error', message: '', suggestion: '' } as const

  it('counts a finding as right on its line, in its category and by its rule alone', () => {
    expect(accuracyOf([fault], [finding])).toMatchObject({ precision: 1, recall: 1 })
    for (const other of [{ line: 3 }, { category: 'style' }, { rule: 'a/c' }, { file: 'b.ts' }] as const)
      expect(accuracyOf([fault], [{ ...finding, ...other }])).toMatchObject({ precision: 0, recall: 0 })
    expect(accuracyOf([fault, { ...fault, line: 9 }], [finding])).toMatchObject({ precision: 1, recall: 0.5 })
  })
})

it('keeps what it found by content: the second review of the same contents analyses nothing', async () => {
  const holdfast = createHoldfast({ storage: memoryStorage() })
  onTestFinished(() => holdfast.close())
  const request = await sampleRequest()
  let reads = 0
  const counting: ReviewRequest = {
    ...request,
    readContents(ids) {
      reads += 1
      return request.readContents(ids)
    },
  }
  const reviewer = localReviewer(holdfast.cache)
  const first = await reviewer.review(counting, never)
  expect(reads).toBe(1)
  // Another instance, which shares nothing but the storage.
  const second = await localReviewer(holdfast.cache).review(counting, never)
  expect(second).toEqual(first)
  expect(reads).toBe(1)

  await holdfast.cache.namespace('secrets').clear()
  expect(await reviewer.review(counting, never)).toEqual(first)
  expect(reads).toBe(2)
})
