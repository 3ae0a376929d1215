/** Changes that are no lines of text: each is reviewed, or the review says why not. */
import { symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import type { ReviewView } from '../src/events/snapshot.ts'
import { viewReview } from '../src/live/review-view.ts'
import { openRepository } from '../src/review/git-repository.ts'
import { localReviewer } from '../src/review/local-reviewer.ts'
import { requestFor } from '../src/review/review-range.ts'
import { openStore } from '../src/store/store.ts'
import { type Finish, type TestRepository, createRepository } from './repository.ts'

const FAULT = 'export const a = NaN === 1\n'

/** What is found in a range, and what the page shows of it. */
async function reviewed(repository: TestRepository, finish: Finish, base: string) {
  const git = await openRepository(repository.path)
  const range = await git.resolveRange(base)
  const { findings, metrics } = await localReviewer().review(
    await requestFor(git, range, 100),
    new AbortController().signal,
  )
  const store = openStore(':memory:')
  finish(() => store.close())
  store.reviews.add({
    id: 'r',
    repository: repository.path,
    baseCommit: range.base,
    headCommit: range.head,
    title: '',
    reviewer: 'local',
  })
  const view = await viewReview(store, 'r')
  const shown = Object.fromEntries(
    (view?.files ?? []).map(({ path, note, hunks }) => [path, note ?? `${hunks.length} hunk`]),
  )
  return { found: findings.map(({ file, rule }) => `${file} ${rule}`), metrics, shown, view }
}

describe.concurrent('a change', () => {
  it('of a binary, a link, a mode, and of 50 MB', async ({ expect, onTestFinished }) => {
    const repository = createRepository(onTestFinished)
    const base = repository.commit({ 'a.txt': '' })
    symlinkSync('a.txt', join(repository.path, 'link.js'))
    repository.commit({
      'picture.png': Buffer.from([0x89, 0x50, 0, 255]),
      'data.csv': Buffer.alloc(50 * 2 ** 20, 'one,two,three,four\n'),
      'big.js': 'debugger\n'.repeat(150_000),
      'a.js': FAULT,
    })
    const { found, shown, metrics } = await reviewed(repository, onTestFinished, base)
    expect(found).toEqual(['a.js eslint/use-isnan', 'big.js diff/too-large'])
    expect(metrics).toMatchObject({ files: 5, readFiles: 1 })
    expect(shown).toEqual({
      'a.js': '1 hunk',
      'big.js': 'The difference of this file is too long to be read line by line.',
      'data.csv': 'The file is binary, or larger than 20 MB.',
      'link.js': '1 hunk',
      'picture.png': 'The file is binary, or larger than 20 MB.',
    })
  })

  it('of more than may be held at once', async ({ expect, onTestFinished }) => {
    const repository = createRepository(onTestFinished)
    const base = repository.commit({ 'a.txt': 'a\n' })
    const half = 'one,two,three,four\n'.repeat(30_000)
    repository.commit({ '1.csv': half, '2.csv': half })
    const git = await openRepository(repository.path, 2 ** 20)
    const range = await git.resolveRange(base)
    await expect(git.diff(range)).rejects.toMatchObject({
      code: 'GIT_INPUT',
      message: 'The difference is longer than 1 MB. Review fewer commits at once.',
    })
    expect((await reviewed(repository, onTestFinished, base)).metrics).toMatchObject({ additions: 60_000 })
  })

  it('of bytes that are no UTF-8, and of line ends of Windows', async ({ expect, onTestFinished }) => {
    const repository = createRepository(onTestFinished)
    const base = repository.commit({ 'a.txt': 'a\n' })
    repository.commit({
      'latin.py': Buffer.from('x = "caf\xe9"\n', 'latin1'),
      'windows.py': 'x = 1\r\ny = 2\r\n',
      'space.py': 'x = 1 \n'.repeat(3_000),
    })
    const { found } = await reviewed(repository, onTestFinished, base)
    expect(found.toSorted()).toEqual([
      'latin.py notes/not-utf-8',
      'space.py diff/large-addition',
      ...Array.from({ length: 10 }, () => 'space.py git/whitespace'),
      'space.py tests/missing',
    ])
  })

  it('of names, also with a change inside, and of what was deleted', async ({ expect, onTestFinished }) => {
    const repository = createRepository(onTestFinished)
    const lines = Array.from({ length: 30 }, (_, n) => `export const a${n} = ${n}\n`).join('')
    const base = repository.commit({ 'old.js': lines, 'moved.js': `debugger\n${lines}`, 'gone.js': FAULT })
    repository.git('mv', 'old.js', 'new.js')
    repository.git('mv', 'moved.js', 'there.js')
    repository.commit({ 'there.js': `debugger\n${lines}${FAULT}`, 'gone.js': null })
    const { found, shown } = await reviewed(repository, onTestFinished, base)
    expect(found).toEqual(['there.js eslint/use-isnan'])
    expect(shown).toMatchObject({
      'new.js': 'The file was moved from old.js, and is the same.',
      'there.js': '1 hunk',
    })
  })

  it('of a submodule, whose name looks like a program', async ({ expect, onTestFinished }) => {
    const repository = createRepository(onTestFinished)
    const base = repository.commit({ 'a.txt': 'a\n' })
    repository.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},lib.js`)
    repository.git('commit', '--quiet', '--message', 'Use another repository')
    const { found, shown } = await reviewed(repository, onTestFinished, base)
    expect(found).toEqual(['lib.js diff/submodule'])
    expect(shown).toEqual({ 'lib.js': 'A submodule: another repository, used at another commit.' })
  })

  it('that a merge has brought', async ({ expect, onTestFinished }) => {
    const repository = createRepository(onTestFinished)
    repository.commit({ 'a.js': 'export const a = 1\n' })
    repository.git('checkout', '--quiet', '-b', 'other')
    repository.commit({ 'b.js': FAULT })
    repository.git('checkout', '--quiet', 'main')
    const base = repository.commit({ 'a.js': FAULT })
    repository.git('merge', '--quiet', '--no-ff', '--message', 'Merge other', 'other')
    const { found } = await reviewed(repository, onTestFinished, base)
    expect(found).toEqual(['b.js eslint/use-isnan'])
  })

  it('whose repository is gone by now', async ({ expect, onTestFinished }) => {
    const repository = createRepository(onTestFinished)
    const base = repository.commit({ 'a.js': '' })
    repository.commit({ 'a.js': FAULT })
    const broken = { ...repository, path: repository.path }
    const { view } = await reviewed(broken, onTestFinished, base)
    expect(view).toMatchObject({ problem: null, additions: 1 })
    writeFileSync(join(repository.path, '.git/HEAD'), 'nothing\n')
    const store = openStore(':memory:')
    onTestFinished(() => store.close())
    store.reviews.add({
      id: 'r',
      repository: repository.path,
      baseCommit: base,
      headCommit: base,
      title: '',
      reviewer: 'local',
    })
    expect(await viewReview(store, 'r')).toMatchObject({
      files: [],
      problem: expect.stringContaining('cannot be read as a git repository'),
    } satisfies Partial<Record<keyof ReviewView, unknown>>)
  })
})
