/** What a model reads of a change, in how many calls, and what is left out. */
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { portionsOf } from '../../src/model/portions.ts'
import { openRepository } from '../../src/review/git-repository.ts'
import { type TestRepository, createRepository } from '../repository.ts'
import { adding, asking } from './asking.ts'

const ROOM = { inputTokens: 1_000, maxCalls: 3 }

async function portions(repository: TestRepository, base: string, room = ROOM) {
  const git = await openRepository(repository.path)
  return await portionsOf(await git.diff(await git.resolveRange(base)), room)
}

const lines = (count: number, text = 'value'): string =>
  Array.from({ length: count }, (_, index) => `${text} ${index}\n`).join('')

describe.concurrent('a change', () => {
  it('goes into as few calls as it fits into, each with whole lines, and none beyond the budget', async ({
    expect,
    onTestFinished,
  }) => {
    const repository = createRepository(onTestFinished)
    const base = repository.commit({ 'a.txt': '' })
    repository.commit({ 'b.txt': lines(20), 'c.txt': lines(20), 'd.txt': lines(400) })
    const { portions: all, leftOut } = await portions(repository, base)
    expect(
      all.map(({ addedLines }) => [...addedLines].map(([path, added]) => `${path} ${added.size}`)),
    ).toEqual([
      ['b.txt 20', 'c.txt 20'],
      [expect.stringMatching(/^d\.txt \d+$/)],
      [expect.stringMatching(/^d\.txt \d+$/)],
    ])
    const read = all.slice(1).flatMap(({ addedLines }) => [...(addedLines.get('d.txt') ?? [])])
    expect(read).toEqual(Array.from(read, (_, index) => index + 1))
    for (const { text } of all) expect(text.length / 4).toBeLessThanOrEqual(ROOM.inputTokens)
    expect(leftOut).toEqual([
      { path: 'd.txt', why: 'it is beyond the 3 calls of 1000 tokens that a review may take' },
    ])
    expect(read.length).toBeLessThan(400)
  })

  it('is not sent where there is nothing to read', async ({ expect, onTestFinished }) => {
    const repository = createRepository(onTestFinished)
    const base = repository.commit({ 'old.js': lines(30), 'gone.js': lines(3) })
    symlinkSync('old.js', join(repository.path, 'link.js'))
    repository.git('mv', 'old.js', 'new.js')
    repository.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},lib`)
    repository.commit({
      'picture.png': Buffer.from([0x89, 0x50, 0, 255]),
      'data.csv': Buffer.alloc(21 * 2 ** 20, 'one,two,three,four\n'),
      'big.js': 'debugger\n'.repeat(150_000),
      'package-lock.json': '{}\n',
      'latin.py': Buffer.from('x = "caf\xe9"\n', 'latin1'),
      'gone.js': null,
    })
    repository.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},lib`)
    repository.git('commit', '--quiet', '--amend', '--no-edit')
    const { portions: all, leftOut } = await portions(repository, base)
    expect(all.map(({ text }) => text)).toEqual(['### latin.py\n@@ line 1 @@\n+    1 | x = "caf\uFFFD"\n'])
    expect(Object.fromEntries(leftOut.map(({ path, why }) => [path, why]))).toEqual({
      'big.js': 'its difference is too large',
      'data.csv': 'it is binary, or larger than 20 MB',
      lib: 'it is a submodule, which is another repository',
      'link.js': 'it is a link',
      'package-lock.json': 'a tool has written it',
      'picture.png': 'it is binary, or larger than 20 MB',
    })
  })

  it('beyond its calls has a remark, and each portion is paid for once', async ({
    expect,
    onTestFinished,
  }) => {
    const settings = { inputTokens: 500, maxCalls: 2 }
    const { review, store, stub, told } = await asking(
      { onTestFinished },
      {
        settings,
        diff: adding('b.txt', lines(300, 'total = price * 1.2 //').trim().split('\n')),
      },
    )
    const { findings } = await review('r1')
    expect(findings.filter(({ rule }) => rule === 'model/not-read')).toMatchObject([
      {
        file: 'b.txt',
        severity: 'info',
        message:
          'The second reviewer has not read all of this file: it is beyond the 2 calls of 500 tokens that a review may take.',
      },
    ])
    expect(findings.some(({ rule }) => rule === 'model/float-for-money')).toBe(true)
    expect(store.secondOpinions.find('r1')?.leftOut.map(({ path }) => path)).toEqual(['b.txt'])
    expect(told).toContain('r1 Analyse: asks stub (2 of 2)')
    await review('r2')
    expect(stub.requests).toHaveLength(2)
    expect(store.modelCalls.spent('r2')).toBeNull()
  })
})
