import { expect, it } from 'vitest'
import { type AnalysisCache, cachedReviewer } from '../src/review/cached-reviewer.ts'
import { type CommitRange, openRepository } from '../src/review/git-repository.ts'
import { localReviewer } from '../src/review/local-reviewer.ts'
import { requestFor } from '../src/review/review-range.ts'
import type { ReviewRequest } from '../src/review/reviewer.ts'
import { type TestRepository, createRepository } from './repository.ts'

const never = new AbortController().signal

async function requestOf(repository: TestRepository, range?: CommitRange): Promise<ReviewRequest> {
  const git = await openRepository(repository.path)
  return await requestFor(git, range ?? (await git.resolveRange()), 100)
}

it('reports what the change brought in, and nothing that was there before', async () => {
  const repository = createRepository()
  repository.commit({ 'a.ts': 'debugger\nexport const a = 1\n' })
  repository.commit({ 'a.ts': 'debugger\nexport const a = 1\nif (a === NaN) console.log(a)\n' })
  const { findings, metrics } = await localReviewer().review(await requestOf(repository), never)
  expect(findings).toEqual([
    expect.objectContaining({
      file: 'a.ts',
      line: 3,
      severity: 'error',
      category: 'bug',
      rule: 'eslint/use-isnan',
    }),
  ])
  expect(metrics).toMatchObject({ files: 1, additions: 1, deletions: 0, readFiles: 1 })
})

it('finds in every language what a reviewer should not let pass', async () => {
  const repository = createRepository()
  repository.commit({ 'a.py': 'x = 1\n' })
  repository.commit({
    'a.py': 'x = 1\n# TODO tidy up\ny = 2 \n<<<<<<< ours\n',
    'key.txt': `token: ${['ghp', 'dK2vZgN4x3jQ6z5mS8B7pU0E9rWaH1tYdK2v'].join('_')}\n`,
    'pnpm-lock.yaml': '# TODO generated\n',
  })
  const { findings } = await localReviewer().review(await requestOf(repository), never)
  expect(findings.map(({ file, line, severity, rule }) => `${severity} ${rule} ${file}:${line}`)).toEqual([
    'error git/conflict-marker a.py:4',
    'error secret/github key.txt:1',
    'info notes/unfinished a.py:2',
    'info git/whitespace a.py:3',
  ])
})

it('judges by its own rules, whatever the repository configures or ignores', async () => {
  const repository = createRepository()
  repository.commit({ 'README.md': '' })
  repository.commit({
    '.oxlintrc.json': '{"rules":{"no-debugger":"off"},"ignorePatterns":["**"]}',
    '.eslintignore': '*\n',
    'src/a.js': 'debugger\n',
  })
  const { findings } = await localReviewer().review(await requestOf(repository), never)
  expect(findings).toEqual([expect.objectContaining({ file: 'src/a.js', rule: 'eslint/no-debugger' })])
})

it('reports a file that cannot be parsed', async () => {
  const repository = createRepository()
  repository.commit({ 'README.md': '' })
  repository.commit({ 'a.mjs': 'const = ;\n' })
  const { findings } = await localReviewer().review(await requestOf(repository), never)
  expect(findings).toEqual([expect.objectContaining({ file: 'a.mjs', line: 1, rule: 'oxlint/syntax' })])
})

it('is asked once for the same change, and again for another', async () => {
  const repository = createRepository()
  const first = repository.commit({ 'a.ts': 'debugger\n' })
  const second = repository.commit({ 'a.ts': 'debugger\ndebugger\n' })
  const third = repository.commit({ 'b.ts': 'debugger\n' })
  const entries = new Map<string, unknown>()
  const asked: unknown[] = []
  const cache: AnalysisCache = {
    async getOrCreate<T>(key: string, load: () => Promise<T>, options: unknown) {
      if (!entries.has(key)) {
        entries.set(key, await load())
        asked.push(options)
      }
      return entries.get(key) as T
    },
  }
  const reviewer = cachedReviewer(localReviewer(), cache)
  const once = await reviewer.review(await requestOf(repository, { base: first, head: second }), never)
  const again = await reviewer.review(await requestOf(repository, { base: first, head: second }), never)
  expect(again).toBe(once)
  await reviewer.review(await requestOf(repository, { base: second, head: third }), never)
  // A review that waits for its permit behind many others is not given up after half a minute.
  const options = { ttlMs: 86_400_000, hardTimeoutMs: 900_000 }
  expect(asked).toEqual([options, options])
})
